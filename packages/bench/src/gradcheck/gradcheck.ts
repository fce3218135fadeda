/** Loads or makes the model twice, and the input, and checks the method's gradients on them. */
import { precisions, withParameterStorage, type Batch, type Precision } from '@leantune/core';
import { randomModel, type TransformerModel } from '@leantune/models';
import { loadModel, type LoadedModel } from '@leantune/models/node';
import { messages } from '../messages.js';
import { randomInput, sentencesBatch, sentencesTask } from './batch.js';
import { checkGradients, type GradientCheck } from './checkGradients.js';
import type { GradcheckSettings } from './settings.js';

export interface GradcheckResult extends GradientCheck {
  /** What was differentiated on. */
  readonly data: string;
  /** Where the weights came from. */
  readonly source: string;
}

/** @throws UsageError where the method does not support the model */
export async function gradcheck(
  settings: GradcheckSettings,
  onLog: (line: string) => void = () => undefined,
): Promise<GradcheckResult> {
  const { model, method, blueprint, config, head, batchSize, sequenceLength, seed, dropout, random } = settings;
  const precision: Precision = precisions[settings.precision];
  const checked = (batch: Batch, makeModel: () => TransformerModel, data: string, source: string) => ({
    ...checkGradients(makeModel, method, batch, { seed, precision }),
    data,
    source,
  });
  if (random) {
    const make = () => withParameterStorage(precision.storage, () => randomModel(blueprint, head, seed));
    const first = make();
    const batch = randomInput(first, config, batchSize, sequenceLength, seed);
    return checked(batch, reusing([first], make), messages.randomInput(sequenceLength), messages.randomWeights());
  }
  const load = () => loadModel(model, { head, seed, dropout, onLog, storage: precision.storage });
  const loaded: LoadedModel[] = [await load(), await load()];
  const [{ model: first, source }] = loaded as [LoadedModel];
  const isText = head.kind === 'classification' && first.vocabularySize !== undefined;
  const batch = isText
    ? await sentencesBatch(loaded[0]!.tokenizer, batchSize, sequenceLength)
    : randomInput(first, config, batchSize, sequenceLength, seed);
  const data = isText ? messages.firstRows(sentencesTask) : messages.randomInput(sequenceLength);
  const models = loaded.map(({ model: made }) => made);
  return checked(
    batch,
    reusing(models, () => models[0]!),
    data,
    source,
  );
}

/** Hands out models that are there before it makes another. */
function reusing(made: TransformerModel[], make: () => TransformerModel): () => TransformerModel {
  return () => made.shift() ?? make();
}
