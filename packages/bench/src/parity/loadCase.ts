import { UsageError, scope, tensorFrom, type Batch, type HostArray, type TokenChoice } from '@leantune/core';
import { applyMethods, type AppliedMethods } from '@leantune/methods';
import { loadAdapterTensors } from '@leantune/methods/node';
import { modelFromCheckpoint, readModelConfig, type Safetensors, type TransformerModel } from '@leantune/models';
import { openWeights, readJson } from '@leantune/models/node';
import { join } from 'node:path';
import type { ParityCase, ParityRun } from './caseFile.js';
import { parityMessages } from './messages.js';

/** Prefix that PEFT puts before parameter names. */
const peftPrefix = 'base_model.model.';

/** A case's model with its method applied and its parameters in place. */
export interface LoadedRun {
  readonly model: TransformerModel;
  readonly applied: AppliedMethods;
  readonly golden: Safetensors;
}

const architectures = ['BertForSequenceClassification'];

export async function loadRun({ folder }: ParityCase, run: ParityRun): Promise<LoadedRun> {
  const file = join(folder, 'config.json');
  const config = (await readJson(file)) as { readonly architectures?: readonly string[] };
  const architecture = run.architecture ?? config.architectures?.[0] ?? 'unknown';
  if (!architectures.includes(architecture)) {
    throw unsupported(parityMessages.unsupportedArchitecture(architecture, architectures));
  }
  if (run.task !== 'classification' && run.task !== 'regression') {
    throw unsupported(parityMessages.unsupportedTask(run.task));
  }
  const weightsFile = join(folder, 'model.safetensors');
  const weights = await openWeights(weightsFile);
  const numberOfLabels = weights.info('classifier.weight').shape[0]!;
  const { model } = await modelFromCheckpoint(
    readModelConfig(config, { file }),
    { kind: run.task, numberOfLabels },
    weights,
    weightsFile,
    0,
  ).finally(() => weights.close());
  const golden = await openWeights(join(folder, run.golden));
  try {
    const applied = applyMethods(model, run.method);
    if (run.adapter !== undefined) await loadAdapterTensors(model, join(folder, run.adapter));
    if (run.parameters !== undefined) await assignFrom(model, golden, run.parameters);
    return { model, applied, golden };
  } catch (error) {
    model.release();
    await golden.close();
    throw error;
  }
}

/** Sets every parameter that the golden file holds under `prefix`. */
async function assignFrom(model: TransformerModel, golden: Safetensors, prefix: string): Promise<void> {
  for (const [name, parameter] of model.namedParameters()) {
    const stored = referenceNames(prefix, name).find((candidate) => golden.has(candidate));
    if (stored === undefined) continue;
    const { data } = await golden.read(stored);
    scope(() => parameter.assign(tensorFrom(data, parameter.shape)));
  }
}

/** Names under which a reference may store something about a parameter. */
export function referenceNames(prefix: string, parameter: string): string[] {
  return [prefix + parameter, prefix + peftPrefix + parameter];
}

/** Parameter that a reference's tensor is about. */
export function parameterName(prefix: string, stored: string): string {
  const name = stored.slice(prefix.length);
  return name.startsWith(peftPrefix) ? name.slice(peftPrefix.length) : name;
}

/** The run's batch, arranged and with the tokens that the reference drew where it drew any. */
export async function readBatch(golden: Safetensors, run: ParityRun): Promise<{ batch: Batch; tokens?: TokenChoice }> {
  if (run.batch === undefined) throw unsupported(parityMessages.noBatch());
  const named = run.batch;
  const full = await assemble(golden, (input) => named[input]);
  if (run.groups !== undefined) return grouped(golden, full, run.groups);
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
export async function readMicroBatch(golden: Safetensors, index: number): Promise<Batch> {
  return assemble(golden, (input) => `batch${index % 4}.${input}`);
}

/** The published TokenTune groups side by side: [selected ; rest], every selected slot with a gradient. */
async function grouped(
  golden: Safetensors,
  full: Batch,
  { selected, rest }: { selected: string; rest: string },
): Promise<{ batch: Batch; tokens: TokenChoice }> {
  const width = golden.info(`${selected}input_ids`).shape[1]!;
  const side = async (input: string): Promise<HostArray> => {
    const [left, right] = [await golden.read(selected + input), await golden.read(rest + input)];
    return joinColumns(left, right);
  };
  const inputs = {
    inputIds: await side('input_ids'),
    attentionMask: await side('attention_mask'),
    tokenTypeIds: await side('token_type_ids'),
    positionIds: await side('position_ids'),
  };
  const batch = { size: full.size, length: inputs.inputIds.shape[1]!, inputs, labels: full.labels };
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
} as const;

async function assemble(golden: Safetensors, locate: (input: string) => string | undefined): Promise<Batch> {
  const inputs: Record<string, HostArray> = {};
  for (const [name, stored] of Object.entries(inputNames)) {
    const tensor = locate(stored);
    if (tensor !== undefined && golden.has(tensor)) inputs[name] = await golden.read(tensor);
  }
  const { inputIds, attentionMask } = inputs;
  if (inputIds === undefined || attentionMask === undefined) throw unsupported(parityMessages.noBatch());
  const [size, length] = inputIds.shape as [number, number];
  const labels = await golden.read(locate('labels') ?? 'labels');
  return { size, length, inputs: { ...inputs, inputIds, attentionMask }, labels };
}

function unsupported(message: string): UsageError {
  return new UsageError(message, { code: 'LEANTUNE_PARITY_UNSUPPORTED' });
}
