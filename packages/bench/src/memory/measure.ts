/** One training step of each method on the meta backend, and the largest batch or sequence that fits a limit. */
import {
  UsageError,
  measureStepMemory,
  memoryMeter,
  metaProvider,
  precisions,
  trainedParameters,
  useBackend,
  withParameterStorage,
  withSavingPolicy,
  isLoaded,
} from '@leantune/core';
import type { DeviceSnapshot, LoadedBackend, Precision, StepMemory } from '@leantune/core';
import { applyMethods } from '@leantune/methods';
import { randomModel } from '@leantune/models';
import { largestFit } from './fit.js';
import { mostTokens, type MemorySettings } from './settings.js';
import { worstCaseBatch } from './worstCaseBatch.js';

const seed = 0;

export interface MethodMemory {
  readonly method: string;
  readonly parameters: { readonly trainable: number; readonly total: number };
  readonly batchSize: number;
  readonly sequenceLength: number;
  /** With a limit: whether the step stays within it. Where it does not, it was measured at the smallest size. */
  readonly fits?: boolean;
  /** The largest size that can be tried fits. */
  readonly bounded?: boolean;
  readonly memory: StepMemory;
}

/**
 * On the meta backend.
 * @param computing the backend whose figures are wanted, where that matters: one that fuses kernels needs less in between
 * @throws UsageError where a method does not support the model
 */
export async function measureMethods(
  settings: MemorySettings,
  computing: Pick<LoadedBackend, 'fusesKernels'> = {},
): Promise<MethodMemory[]> {
  const backend = await metaProvider({ fusesKernels: computing.fusesKernels === true }).load();
  if (isLoaded(backend)) await useBackend(backend);
  return settings.methods.map((method) => {
    try {
      return measureMethod(settings, method).measured;
    } catch (error) {
      // Of several methods, the one that cannot be measured is named.
      if (!(error instanceof UsageError) || settings.methods.length === 1 || error.message.startsWith(method))
        throw error;
      throw new UsageError(`${method}: ${error.message}`, {
        code: error.code,
        ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
      });
    }
  });
}

/** On the backend that is in use; with what its device's allocator says of the step. */
export function measureMethod(
  settings: MemorySettings,
  method: string,
): { readonly measured: MethodMemory; readonly device: DeviceSnapshot | undefined } {
  const { blueprint, head, saving, config, fit, gradientAccumulation, maxGradNorm } = settings;
  const { storage, autocast }: Precision = precisions[settings.precision];
  const model = withParameterStorage(storage, () => randomModel(blueprint, head, seed));
  try {
    const maxLength = fit === undefined || fit.what === 'batch' ? settings.sequenceLength : undefined;
    withParameterStorage(storage, () => applyMethods(model, method, { seed, maxLength }));
    model.autocast = autocast;
    const trained = trainedParameters(model);
    const optimizer = settings.optimizer.create(trained);
    let warmedUp = false;
    let device: DeviceSnapshot | undefined;
    const measure = (batchSize: number, sequenceLength: number) => {
      const batch = worstCaseBatch(model, config, batchSize, sequenceLength);
      const at = { seed, microStep: 0, gradientAccumulation, maxGradNorm, warmedUp };
      const memory = withSavingPolicy(saving, () => measureStepMemory(model, optimizer, trained, batch, at));
      device = memoryMeter().deviceSnapshot();
      warmedUp = true;
      return { batchSize, sequenceLength, memory, peakBytes: memory.peakBytes };
    };
    try {
      const parameters = model.parameterCounts();
      if (fit === undefined) {
        const { peakBytes: _peak, ...measured } = measure(settings.batchSize, settings.sequenceLength);
        return { measured: { method, parameters, ...measured }, device };
      }
      const most = fit.what === 'batch' ? Math.floor(mostTokens / settings.sequenceLength) : blueprint.maxPositions;
      const found = largestFit(
        (size) => (fit.what === 'batch' ? measure(size, settings.sequenceLength) : measure(settings.batchSize, size)),
        fit.limitBytes,
        most,
      );
      const { peakBytes: _peak, ...measured } = found.result;
      const fits = found.size !== undefined;
      return { measured: { method, parameters, ...measured, fits, bounded: found.bounded }, device };
    } finally {
      optimizer.release();
    }
  } finally {
    model.release();
  }
}
