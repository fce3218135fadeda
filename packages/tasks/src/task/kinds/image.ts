/** Classification of images. */
import type { EncodedExample } from '../../batching/encode.js';
import type { ImageRow } from '../../data/dataset.js';
import type { ImageDeclaration } from '../declaration.js';
import type { EncodeImagesOptions, TaskKind } from './kind.js';
import { scoreLabelled } from './text.js';

const noTokens = { inputIds: new Int32Array(0), attentionMask: new Int32Array(0) };

export const imageKind: TaskKind<ImageDeclaration, ImageRow, EncodeImagesOptions> = {
  head: ({ labels }) => ({ kind: 'classification', numberOfLabels: labels.length }),
  // Pixels of the model's size are many times the images' bytes: they are computed batch by batch.
  encode: (_declaration, rows, { imageProcessor }) => ({
    examples: rows.map(({ label }): EncodedExample => ({ ...noTokens, label })),
    maxLength: 0,
    labels: 'int32',
    inputsOf: (indices) => ({ pixelValues: imageProcessor.process(indices.map((index) => rows[index]!.image)) }),
  }),
  evaluate: (declaration, model, { split, rows, encoded }, options) =>
    scoreLabelled(declaration, model, split, rows, encoded(), options),
};
