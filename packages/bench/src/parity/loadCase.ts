import {
  UsageError,
  ignoredLabel,
  scope,
  tensorFrom,
  type Batch,
  type HostArray,
  type TokenChoice,
} from '@leantune/core';
import { applyMethods, type AppliedMethods } from '@leantune/methods';
import { loadAdapterTensors, peftPrefix } from '@leantune/methods/node';
import {
  modelFromCheckpoint,
  readModelConfig,
  type HeadOptions,
  type Safetensors,
  type TransformerModel,
} from '@leantune/models';
import { openWeights, readJson, weightFileNames } from '@leantune/models/node';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { ParityCase, ParityRun } from './caseFile.js';
import { parityMessages } from './messages.js';

/** Prefixes that PEFT puts before parameter names: adapters inside the model's layers, and prompts before them. */
const peftPrefixes = [peftPrefix, 'base_model.'];

/** A case's model with its method applied and its parameters in place. */
export interface LoadedRun {
  readonly model: TransformerModel;
  readonly applied: AppliedMethods;
  readonly golden: Safetensors;
}

export async function loadRun({ folder }: ParityCase, run: ParityRun): Promise<LoadedRun> {
  const file = join(folder, 'config.json');
  const config = await readJson(file);
  const blueprint = readModelConfig(config, { file });
  const head = headOf(run.task, config);
  const architecture = blueprint.classes[head.kind];
  if (run.architecture !== undefined && run.architecture !== architecture) {
    const known = Object.values(blueprint.classes);
    throw unsupported(parityMessages.unsupportedArchitecture(run.architecture, known));
  }
  const [single, sharded] = weightFileNames.map((name) => join(folder, name)) as [string, string];
  const weightsFile = !existsSync(single) && existsSync(sharded) ? sharded : single;
  const weights = await openWeights(weightsFile);
  try {
    const { model } = await modelFromCheckpoint(blueprint, head, weights, weightsFile, 0);
    return await withMethod(model, weights, folder, run);
  } finally {
    await weights.close();
  }
}

async function withMethod(
  model: TransformerModel,
  weights: Safetensors,
  folder: string,
  run: ParityRun,
): Promise<LoadedRun> {
  const golden = await openWeights(join(folder, run.golden));
  try {
    const own = new Set([...model.namedParameters()].map(([name]) => name));
    const applied = applyMethods(model, run.method);
    // What the method inserted may lie beside the model's own parameters.
    await assignFrom(model, weights, '', (name) => !own.has(name));
    if (run.adapter !== undefined) await assignAdapter(model, join(folder, run.adapter), run.parameters !== undefined);
    if (run.parameters !== undefined) await assignFrom(model, golden, run.parameters, () => true);
    return { model, applied, golden };
  } catch (error) {
    model.release();
    await golden.close();
    throw error;
  }
}

/** Sets what an adapter's folder holds: all that is trained, or what the golden file may lack (PEFT's head). */
async function assignAdapter(model: TransformerModel, folder: string, besideParameters: boolean): Promise<void> {
  if (!besideParameters) return loadAdapterTensors(model, folder);
  const file = ['adapter_model.safetensors', 'adapter.safetensors'].find((name) => existsSync(join(folder, name)));
  if (file === undefined) throw unsupported(parityMessages.noAdapter(folder));
  const weights = await openWeights(join(folder, file));
  await assignFrom(model, weights, '', () => true).finally(() => weights.close());
}

/** The head that a case's task asks for. */
function headOf(task: string, config: unknown): HeadOptions {
  switch (task) {
    case 'classification':
    case 'image-classification':
      return { kind: 'classification', numberOfLabels: labelCount(config) };
    case 'regression':
      return { kind: 'regression', numberOfLabels: 1 };
    case 'multiple-choice':
    case 'question-answering':
    case 'causal-lm':
    case 'seq2seq-lm':
      return { kind: task };
    default:
      throw unsupported(parityMessages.unsupportedTask(task));
  }
}

const labelled = z.looseObject({
  num_labels: z.int().optional(),
  id2label: z.record(z.string(), z.unknown()).optional(),
});

/** As `PretrainedConfig` counts them: two where the configuration does not say. */
function labelCount(config: unknown): number {
  const { num_labels: count, id2label } = labelled.parse(config);
  return count ?? (id2label === undefined ? 2 : Object.keys(id2label).length);
}

/** Sets every parameter that the golden file holds under `prefix`. */
async function assignFrom(
  model: TransformerModel,
  golden: Safetensors,
  prefix: string,
  concerns: (name: string) => boolean,
): Promise<void> {
  for (const [name, parameter] of model.namedParameters()) {
    if (!concerns(name)) continue;
    const stored = referenceNames(prefix, name).find((candidate) => golden.has(candidate));
    if (stored === undefined) continue;
    const { data } = await golden.read(stored);
    scope(() => parameter.assign(tensorFrom(data, parameter.shape)));
  }
}

/** Names under which a reference may store something about a parameter. */
export function referenceNames(prefix: string, parameter: string): string[] {
  return [prefix + parameter, ...peftPrefixes.map((peftPrefix) => prefix + peftPrefix + parameter)];
}

/** Parameter that a reference's tensor is about. */
export function parameterName(prefix: string, stored: string): string {
  const name = stored.slice(prefix.length);
  const peftPrefix = peftPrefixes.find((candidate) => name.startsWith(candidate)) ?? '';
  return name.slice(peftPrefix.length);
}

/** The run's batch, arranged and with the tokens that the reference drew where it drew any. */
export async function readBatch(golden: Safetensors, run: ParityRun): Promise<{ batch: Batch; tokens?: TokenChoice }> {
  if (run.batch === undefined) throw unsupported(parityMessages.noBatch());
  const named = run.batch;
  const full = await assemble(golden, run.task, (input) => named[input]);
  if (run.groups !== undefined) {
    return grouped(golden, full, run.groups, run.task === 'causal-lm' ? run.selected?.labels : undefined);
  }
  if (run.selected === undefined) return { batch: full };
  const positions = await golden.read(run.selected.positions);
  const mask = run.selected.mask === undefined ? undefined : await golden.read(run.selected.mask);
  return {
    batch: full,
    tokens: {
      tokens: positions.shape[1]!,
      positions: positions.data as Int32Array,
      mask: (mask?.data as Int32Array | undefined) ?? new Int32Array(positions.data.length).fill(1),
    },
  };
}

/** Micro-batch `index` of an optimiser run: the golden file holds four, used in turn. */
export async function readMicroBatch(golden: Safetensors, task: string, index: number): Promise<Batch> {
  return assemble(golden, task, (input) => `batch${index % 4}.${input}`);
}

/** The published TokenTune groups side by side: [selected ; rest], every selected slot with a gradient. */
async function grouped(
  golden: Safetensors,
  full: Batch,
  { selected, rest }: { selected: string; rest: string },
  /** Labels of the selected slots, one place later than the token that predicts them: language models. */
  labelsOfSelected: string | undefined,
): Promise<{ batch: Batch; tokens: TokenChoice }> {
  const width = golden.info(`${selected}input_ids`).shape[1]!;
  const side = async (input: string): Promise<HostArray> => {
    const [left, right] = [await golden.read(selected + input), await golden.read(rest + input)];
    return joinColumns(left, right);
  };
  const positionIds = await side('position_ids');
  const inputs: Record<string, HostArray> = {
    inputIds: await side('input_ids'),
    attentionMask: await side('attention_mask'),
    positionIds,
  };
  if (golden.has(`${selected}token_type_ids`)) inputs.tokenTypeIds = await side('token_type_ids');
  if (labelsOfSelected !== undefined) {
    inputs.causalOrder = positionIds;
    inputs.nextTokenLabels = nextLabels(await golden.read(labelsOfSelected), positionIds.shape[1]!);
  }
  const batch = { size: full.size, length: positionIds.shape[1]!, inputs, labels: full.labels };
  const slots = full.size * width;
  return {
    batch,
    tokens: {
      tokens: width,
      positions: Int32Array.from({ length: slots }, (_, slot) => slot % width),
      mask: new Int32Array(slots).fill(1),
      batch,
    },
  };
}

/** Labels [size, width] moved to the slot before, and none for the tokens behind them: [size, length]. */
function nextLabels({ data, shape }: HostArray, length: number): HostArray {
  const [size, width] = shape as [number, number];
  const moved = new Int32Array(size * length).fill(ignoredLabel);
  for (let row = 0; row < size; row++) {
    for (let slot = 0; slot + 1 < width; slot++) moved[row * length + slot] = data[row * width + slot + 1]!;
  }
  return { dtype: 'int32', shape: [size, length], data: moved };
}

function joinColumns(left: HostArray, right: HostArray): HostArray {
  const rows = left.shape[0]!;
  const [a, b] = [left.shape[1]!, right.shape[1]!];
  const data = new Int32Array(rows * (a + b));
  for (let row = 0; row < rows; row++) {
    data.set(left.data.subarray(row * a, (row + 1) * a), row * (a + b));
    data.set(right.data.subarray(row * b, (row + 1) * b), row * (a + b) + a);
  }
  return { dtype: 'int32', shape: [rows, a + b], data };
}

const inputNames = {
  inputIds: 'input_ids',
  attentionMask: 'attention_mask',
  tokenTypeIds: 'token_type_ids',
  positionIds: 'position_ids',
  decoderInputIds: 'decoder_input_ids',
  pixelValues: 'pixel_values',
} as const;

async function assemble(
  golden: Safetensors,
  task: string,
  locate: (input: string) => string | undefined,
): Promise<Batch> {
  const inputs: Record<string, HostArray> = {};
  for (const [name, stored] of Object.entries(inputNames)) {
    const tensor = locate(stored);
    if (tensor !== undefined && golden.has(tensor)) inputs[name] = await golden.read(tensor);
  }
  const main = inputs.inputIds ?? inputs.pixelValues;
  if (main === undefined) throw unsupported(parityMessages.noBatch());
  // Rows of several choices lie one after another.
  const size = main.shape.length === 3 ? main.shape[0]! * main.shape[1]! : main.shape[0]!;
  const length = inputs.inputIds === undefined ? 0 : main.shape.at(-1)!;
  for (const [name, array] of Object.entries(inputs)) {
    if (array.shape.length === 3) inputs[name] = { ...array, shape: [size, length] };
  }
  const stored = locate('labels') ?? 'labels';
  // Where only logits are compared, no label counts.
  const labels =
    golden.has(stored) && locate('labels') !== undefined
      ? await golden.read(stored)
      : withoutLabels(task, main.shape.length === 3 ? main.shape[0]! : size, length);
  return { size, length, inputs, labels };
}

/** Labels of which none counts, in the shape that the task's have. */
function withoutLabels(task: string, examples: number, length: number): HostArray {
  if (task === 'regression') return { dtype: 'float32', shape: [examples], data: new Float32Array(examples) };
  const byToken = task === 'causal-lm' || task === 'seq2seq-lm';
  const shape = byToken ? [examples, length] : task === 'question-answering' ? [examples, 2] : [examples];
  const count = shape.reduce((product, side) => product * side, 1);
  return { dtype: 'int32', shape, data: new Int32Array(count).fill(ignoredLabel) };
}

function unsupported(message: string): UsageError {
  return new UsageError(message, { code: 'LEANTUNE_PARITY_UNSUPPORTED' });
}
