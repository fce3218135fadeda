/** Classification and regression of one text or a pair. */
import { predict, type TrainableModel } from '@leantune/core';
import { Batcher } from '../../batching/batcher.js';
import { encodeDataset } from '../../batching/encode.js';
import { OutputCollector } from '../../batching/outputs.js';
import type { ImageRow, TextRow } from '../../data/dataset.js';
import type { ClassificationDeclaration, ImageDeclaration, RegressionDeclaration } from '../declaration.js';
import { predictionsOf, scoreRows, type TaskScore } from '../score.js';
import type { EncodedTask, EvaluationOptions, TaskKind } from './kind.js';

type Declaration = ClassificationDeclaration | RegressionDeclaration;

const widthOf = (declaration: Declaration | ImageDeclaration): number =>
  'labels' in declaration ? declaration.labels.length : 1;

export const textKind: TaskKind<Declaration, TextRow> = {
  head: (declaration) => ({ kind: declaration.kind, numberOfLabels: widthOf(declaration) }),
  encode: ({ kind }, rows, options) => ({
    examples: encodeDataset(rows, options.tokenizer, options),
    maxLength: options.maxLength,
    labels: kind === 'classification' ? 'int32' : 'float32',
  }),
  evaluate: (declaration, model, { split, rows, encoded }, options) =>
    scoreLabelled(declaration, model, split, rows, encoded(), {
      ...options,
      padTokenId: options.tokenizer.padTokenId,
    }),
};

/** Scores what the model answers to every row against the rows' own labels. */
export async function scoreLabelled(
  declaration: Declaration | ImageDeclaration,
  model: TrainableModel,
  split: string,
  rows: readonly (TextRow | ImageRow)[],
  { examples, labels, inputsOf }: EncodedTask,
  { size, padTokenId = 0, breathe }: EvaluationOptions & { readonly padTokenId?: number },
): Promise<TaskScore> {
  const width = widthOf(declaration);
  const outputs = new OutputCollector(rows.length, width);
  for (const batch of new Batcher(examples, { size, order: 'length', padTokenId, labels, inputsOf })) {
    outputs.add(batch, predict(model, batch).logits);
    await breathe?.();
  }
  const predictions = predictionsOf(outputs.values, rows.length, width);
  const truth = rows.map(({ label }) => label);
  return scoreRows(split, declaration.metrics, rows.length, () => ({ predictions, labels: truth }));
}
