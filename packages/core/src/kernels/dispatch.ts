import { engine, getKernel, type NamedTensorMap, type Tensor as TfTensor } from '@tensorflow/tfjs-core';
import { LeantuneError, OutOfMemoryError } from '../errors/errors.js';
import { messages } from '../messages.js';
import { activeBackend } from '../tensor/runtime.js';
import { keep } from '../tensor/scope.js';
import { Tensor, wrapHandle, type Handle } from '../tensor/tensor.js';
import type { DType } from '../tensor/dtype.js';
import { constantHandle } from './constants.js';

/** A tensor, or a number that stands for a float32 scalar. */
export type KernelInput = Tensor | number;

/** Inputs by name, or in order where a kernel takes any number of them. */
export type KernelInputs = Readonly<Record<string, KernelInput | undefined>> | readonly KernelInput[];

type KernelAttributes = Readonly<Record<string, unknown>>;

/**
 * Marks a temporary whose next kernel is its last reader: it is released right after, not at the end of the scope.
 * For values made in the innermost scope and used nowhere else.
 */
export function consume(tensor: Tensor): Tensor {
  tensor.isConsumed = true;
  return tensor;
}

/** Runs one kernel of the active backend; its output is a new buffer in the current category. */
export function runKernel(name: string, inputs: KernelInputs, attributes: KernelAttributes = {}): Tensor {
  return runKernels(name, inputs, attributes)[0]!;
}

/** The same for a kernel with several outputs. */
export function runKernels(name: string, inputs: KernelInputs, attributes: KernelAttributes = {}): Tensor[] {
  const handles = execute(name, inputs, attributes);
  const outputs: Tensor[] = [];
  try {
    for (const handle of handles) outputs.push(wrapHandle(handle, handle.shape, handle.dtype as DType));
  } catch (error) {
    // The one that the meter refused is freed already.
    for (const handle of handles.slice(outputs.length + 1)) handle.dispose();
    throw error;
  }
  releaseConsumed(Object.values(inputs));
  return outputs;
}

/** Runs a kernel whose output shares the buffer of `input`. */
export function runViewKernel(name: string, input: Tensor, attributes: KernelAttributes): Tensor {
  const [handle] = execute(name, { x: input, tensor: input }, attributes) as [Handle];
  const view = new Tensor(handle, input.storage, handle.shape, input.dtype);
  releaseConsumed([input]);
  return view;
}

/** Whether the active backend has the kernel. */
export function hasKernel(name: string): boolean {
  return getKernel(name, activeBackend().name) !== undefined;
}

/**
 * Whether the active backend computes in one kernel of its own what is composed of several elsewhere. Values, gradients
 * and what is kept for the backward pass are the same; what a kernel needs in between is not seen by the meter.
 */
export function hasFusedKernel(name: string): boolean {
  return activeBackend().fusesKernels === true && hasKernel(name);
}

function execute(name: string, inputs: KernelInputs, attributes: KernelAttributes): Handle[] {
  const backend = activeBackend();
  const entries = Object.entries(inputs).flatMap(([input, value]): [string, Handle][] =>
    value === undefined
      ? []
      : [[input, typeof value === 'number' ? constantHandle(value) : value.handleFor(name, input)]],
  );
  try {
    // The engine only reads shape, dtype and dataId of its inputs.
    const output = engine().runKernel<TfTensor | TfTensor[]>(
      name,
      (Array.isArray(inputs)
        ? entries.map(([, handle]) => handle)
        : Object.fromEntries(entries)) as unknown as NamedTensorMap,
      attributes as Parameters<ReturnType<typeof engine>['runKernel']>[2],
    );
    return Array.isArray(output) ? output : [output];
  } catch (error) {
    if (!hasKernel(name)) {
      const message = messages.kernelMissing(backend.name, name);
      const remedy = messages.kernelMissingRemedy();
      throw new LeantuneError(message, { code: 'LEANTUNE_KERNEL_MISSING', remedy, cause: error });
    }
    throw asLeantuneError(error, backend.name, name);
  }
}

/** After the output is counted: for a moment both are live. */
function releaseConsumed(inputs: readonly (KernelInput | undefined)[]): void {
  for (const input of inputs) {
    if (input === undefined || typeof input === 'number' || !input.isConsumed) continue;
    input.isConsumed = false;
    keep(input).release();
  }
}

const outOfMemoryPatterns = [
  /OOM when allocating/i,
  /RESOURCE_EXHAUSTED/i,
  /out of memory/i,
  /memory access out of bounds/i,
  /Array buffer allocation failed/i,
  /failed to allocate/i,
];

/** Backends report exhausted memory in words only. */
function asLeantuneError(error: unknown, backend: string, kernel: string): unknown {
  if (error instanceof LeantuneError || !(error instanceof Error)) return error;
  if (!outOfMemoryPatterns.some((pattern) => pattern.test(error.message))) return error;
  return new OutOfMemoryError(messages.backendOutOfMemory(backend, kernel, error.message), {
    code: 'LEANTUNE_OUT_OF_MEMORY',
    remedy: messages.backendOutOfMemoryRemedy(),
    cause: error,
  });
}
