/** Everything that a method's declaration and one training step on shapes say about it. */
import { UsageError, trainedParameters } from '@leantune/core';
import type { SavingPolicy } from '@leantune/core';
import { applyMethods, getMethod, type Slot } from '@leantune/methods';
import { randomModel } from '@leantune/models';
import { measureMethods } from '../memory/measure.js';
import { resolveMemorySettings } from '../memory/settings.js';
import { optionFacts, type OptionFacts } from '../registry/optionFacts.js';

export interface MethodFacts {
  readonly name: string;
  readonly summary: string;
  readonly reference: string;
  readonly slots: readonly Slot[];
  /** What it saves, as the method says it. */
  readonly memory?: string;
  readonly options: readonly OptionFacts[];
  /** Absent where the method supports none of the models. */
  readonly measured?: MeasuredFacts;
}

export interface MeasuredFacts {
  readonly model: string;
  readonly batch: number;
  readonly sequence: number;
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
const policies: readonly SavingPolicy[] = ['lean', 'pytorch'];

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
      return await measureOn(model, name);
    } catch (error) {
      if (!(error instanceof UsageError) || error.code !== 'LEANTUNE_METHOD_NOT_SUPPORTED') throw error;
    }
  }
  return undefined;
}

/** Full fine-tuning and the method, which is measured last: the trained parameters are its own. */
async function measureOn(model: string, name: string): Promise<MeasuredFacts> {
  const methods = name === 'full' ? name : `full,${name}`;
  const words = { model, methods, batch: String(batch), seq: String(sequence) };
  const bytes: MeasuredBytes[] = [];
  let trained: TrainedGroup[] = [];
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
    applyMethods(tried, name);
    trained = groups(trainedParameters(tried).map(([path, { shape }]) => ({ name: path, shape })));
    tried.release();
  }
  return { model, batch, sequence, trained, bytes };
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
