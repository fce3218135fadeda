/** Everything that a method's declaration and one training step on shapes say about it. */
import { UsageError, trainedParameters } from '@leantune/core';
import type { SavingPolicy } from '@leantune/core';
import {
  applyMethods,
  getMethod,
  layerBytes,
  optionFacts,
  optionsOfMemory,
  type LayerMemory,
  type OptionFacts,
  type Slot,
} from '@leantune/methods';
import { randomModel, type TransformerModel } from '@leantune/models';
import { measureMethods } from '../memory/measure.js';
import { resolveMemorySettings } from '../memory/settings.js';

export interface MethodFacts {
  readonly name: string;
  readonly summary: string;
  readonly reference: string;
  readonly slots: readonly Slot[];
  /** What a layer keeps, as the method says it. */
  readonly memory?: LayerMemory;
  readonly options: readonly OptionFacts[];
  /** Absent where the method supports none of the models. */
  readonly measured?: MeasuredFacts;
}

export interface MeasuredFacts {
  readonly model: string;
  readonly batch: number;
  readonly sequence: number;
  readonly precision: string;
  /** Of one layer by the method's formulas, where it has any. */
  readonly layerBytes?: Readonly<Record<SavingPolicy, number>>;
  readonly trained: readonly TrainedGroup[];
  readonly bytes: readonly MeasuredBytes[];
}

/** Trained parameters that differ in numbers of their names only. */
interface TrainedGroup {
  /** With `*` for the numbers. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly count: number;
}

/** One method under one saving policy. */
interface MeasuredBytes {
  readonly method: string;
  readonly saving: SavingPolicy;
  readonly trainable: number;
  readonly peakBytes: number;
  readonly staticBytes: number;
  readonly activationBytes: number;
  readonly savedBytes: number;
}

/** The first that the method supports is measured: an encoder, a decoder, both. */
const models = ['bert-base-uncased', 'opt-125m', 'bart-base'];
const [batch, sequence] = [32, 128];
export const policies: readonly SavingPolicy[] = ['lean', 'pytorch'];

/** @throws UsageError for a name that no method has */
export async function methodFacts(name: string): Promise<MethodFacts> {
  const { summary, reference, slots, memory, options } = getMethod(name);
  const measured = await measure(name);
  return {
    name,
    summary,
    reference,
    slots,
    ...(memory === undefined ? {} : { memory }),
    options: optionFacts(options),
    ...(measured === undefined ? {} : { measured }),
  };
}

async function measure(name: string): Promise<MeasuredFacts | undefined> {
  for (const model of models) {
    try {
      const measured = await measureOn(model, name, 'fp32');
      return saysNothing(measured) ? await measureOn(model, name, 'bf16') : measured;
    } catch (error) {
      if (!(error instanceof UsageError) || error.code !== 'LEANTUNE_METHOD_NOT_SUPPORTED') throw error;
    }
  }
  return undefined;
}

/** Whether every figure is that of full fine-tuning, as where a method holds weights as they are anyway. */
function saysNothing({ bytes }: MeasuredFacts): boolean {
  return (
    new Set(bytes.map(({ method }) => method)).size > 1 &&
    policies.every((policy) => {
      const rows = bytes.filter(({ saving }) => saving === policy);
      return new Set(rows.map(({ method: _method, ...figures }) => JSON.stringify(figures))).size === 1;
    })
  );
}

/** Full fine-tuning and the method, which is measured last: the trained parameters are its own. */
async function measureOn(model: string, name: string, precision: string): Promise<MeasuredFacts> {
  const methods = name === 'full' ? name : `full,${name}`;
  const words = { model, methods, precision, batch: String(batch), seq: String(sequence) };
  const bytes: MeasuredBytes[] = [];
  let own: Pick<MeasuredFacts, 'trained' | 'layerBytes'> = { trained: [] };
  for (const saving of policies) {
    const settings = await resolveMemorySettings({ ...words, saving });
    for (const { method, parameters, memory } of await measureMethods(settings)) {
      const { peakBytes, staticBytes, activationBytes, savedBytes } = memory;
      bytes.push({
        method,
        saving,
        trainable: parameters.trainable,
        peakBytes,
        staticBytes,
        activationBytes,
        savedBytes,
      });
    }
    // The meta backend is active now.
    const tried = randomModel(settings.blueprint, settings.head, 0);
    const layer = layerOf(tried, name);
    applyMethods(tried, name);
    const trained = groups(trainedParameters(tried).map(([path, { shape }]) => ({ name: path, shape })));
    own = { trained, ...(layer === undefined ? {} : { layerBytes: layer }) };
    tried.release();
  }
  return { model, batch, sequence, precision, ...own, bytes };
}

/** The method's formulas for a layer of the model as it is without the method. */
function layerOf(model: TransformerModel, name: string): MeasuredFacts['layerBytes'] {
  const { memory, options } = getMethod(name);
  if (memory === undefined) return undefined;
  const { attention, feedForward } = model.stacks[0]!.layers[0]!.options;
  const values = {
    B: batch,
    T: sequence,
    H: model.hiddenSize,
    F: feedForward.intermediateSize,
    A: attention.shape.heads,
    ...optionsOfMemory(memory, options),
  };
  return { lean: layerBytes(memory, 'lean', values), pytorch: layerBytes(memory, 'pytorch', values) };
}

function groups(parameters: readonly Omit<TrainedGroup, 'count'>[]): TrainedGroup[] {
  const found = new Map<string, TrainedGroup>();
  for (const { name: path, shape } of parameters) {
    const name = path.replace(/(?<=\.)\d+(?=\.)/g, '*');
    const key = `${name} ${shape.join()}`;
    found.set(key, { name, shape, count: (found.get(key)?.count ?? 0) + 1 });
  }
  return [...found.values()];
}
