/** Classification and regression of one text or a pair. */
import { predict } from '@leantune/core';
import { Batcher } from '../../batching/batcher.js';
import { encodeDataset } from '../../batching/encode.js';
import { OutputCollector } from '../../batching/outputs.js';
import type { TextRow } from '../../data/dataset.js';
import type { ClassificationDeclaration, RegressionDeclaration } from '../declaration.js';
import { predictionsOf, scoreRows } from '../score.js';
import type { TaskKind } from './kind.js';

type Declaration = ClassificationDeclaration | RegressionDeclaration;

const widthOf = (declaration: Declaration): number =>
  declaration.kind === 'classification' ? declaration.labels.length : 1;

export const textKind: TaskKind<Declaration, TextRow> = {
  head: (declaration) => ({ kind: declaration.kind, numberOfLabels: widthOf(declaration) }),
  encode: ({ kind }, rows, options) => ({
    examples: encodeDataset(rows, options.tokenizer, options),
    maxLength: options.maxLength,
    labels: kind === 'classification' ? 'int32' : 'float32',
  }),
  evaluate: async (declaration, model, { split, rows }, options) => {
    const { examples, labels } = textKind.encode(declaration, rows, options);
    const { padTokenId } = options.tokenizer;
    const outputs = new OutputCollector(rows.length, widthOf(declaration));
    for (const batch of new Batcher(examples, { size: options.size, order: 'length', padTokenId, labels })) {
      outputs.add(batch, predict(model, batch).logits);
      await options.breathe?.();
    }
    const predictions = predictionsOf(outputs.values, rows.length, widthOf(declaration));
    const truth = rows.map(({ label }) => label);
    return scoreRows(split, declaration.metrics, rows.length, () => ({ predictions, labels: truth }));
  },
};
