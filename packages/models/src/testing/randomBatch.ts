import { RandomStream, type Batch, type HostArray } from '@leantune/core';
import type { HeadOptions } from '../transformer/head.js';

/** Where the tokens lie that the attention mask hides; `scattered`: anywhere but at the start of a row. */
type PaddingSide = 'none' | 'right' | 'left' | 'scattered';

export interface RandomBatchOptions {
  readonly seed: number;
  readonly head: HeadOptions;
  /** Rows; for multiple choice a multiple of `choices`. */
  readonly size: number;
  readonly length: number;
  readonly vocabularySize: number;
  readonly padTokenId?: number;
  readonly padding?: PaddingSide;
  /** Values of `tokenTypeIds`; absent: the batch has none. */
  readonly types?: number;
  /** Rows of each question of a multiple-choice batch. Default 2. */
  readonly choices?: number;
}

/** Random ids with labels for a head. Real tokens may have any id, that of the padding included. */
export function randomTextBatch(options: RandomBatchOptions): Batch {
  const { seed, size, length, vocabularySize, padTokenId = 0, padding = 'right', types } = options;
  const random = new RandomStream(seed, 'reference batch');
  const rows = (value: (row: number, column: number) => number): HostArray => ({
    dtype: 'int32',
    shape: [size, length],
    data: Int32Array.from({ length: size * length }, (_, index) => value(Math.floor(index / length), index % length)),
  });
  const real = Array.from({ length: size }, () => 1 + random.integer(length));
  const visible = (row: number, column: number) => {
    if (padding === 'none') return true;
    if (padding === 'scattered') return column === 0 || random.uniform() < 0.7;
    return padding === 'right' ? column < real[row]! : column >= length - real[row]!;
  };
  const attentionMask = rows((row, column) => (visible(row, column) ? 1 : 0));
  // A scattered mask hides tokens that are no padding.
  const padded = (row: number, column: number) =>
    padding !== 'scattered' && attentionMask.data[row * length + column] === 0;
  const inputIds = rows((row, column) => (padded(row, column) ? padTokenId : random.integer(vocabularySize)));
  const tokenTypeIds = types === undefined ? {} : { tokenTypeIds: rows(() => random.integer(types)) };
  return {
    size,
    length,
    inputs: { inputIds, attentionMask, ...tokenTypeIds },
    labels: randomLabels(options, random, attentionMask),
  };
}

/** Random images, normally distributed as normalised ones are, with a class each. */
export function randomImageBatch(
  seed: number,
  shape: readonly [number, number, number, number],
  head: HeadOptions,
): Batch {
  const random = new RandomStream(seed, 'reference images');
  const data = Float32Array.from({ length: shape.reduce((product, side) => product * side, 1) }, () => random.normal());
  const [size] = shape;
  const labels = randomLabels({ head, size, length: 0, vocabularySize: 0 }, random);
  return { size, length: 0, inputs: { pixelValues: { dtype: 'float32', shape, data } }, labels };
}

type LabelOptions = Pick<RandomBatchOptions, 'head' | 'size' | 'length' | 'vocabularySize' | 'choices'>;

function randomLabels(
  { head, size, length, vocabularySize, choices = 2 }: LabelOptions,
  random: RandomStream,
  attentionMask?: HostArray,
): HostArray {
  const integers = (shape: readonly number[], value: (index: number) => number): HostArray => ({
    dtype: 'int32',
    shape,
    data: Int32Array.from({ length: shape.reduce((product, side) => product * side, 1) }, (_, index) => value(index)),
  });
  switch (head.kind) {
    case 'classification':
      return integers([size], () => random.integer(head.numberOfLabels));
    case 'regression':
      return { dtype: 'float32', shape: [size], data: Float32Array.from({ length: size }, () => random.normal()) };
    case 'multiple-choice':
      return integers([size / choices], () => random.integer(choices));
    case 'question-answering':
      // The first row's answer ends beyond the text, which counts for nothing; the second's starts before it.
      return integers([size, 2], (index) => (index === 1 ? length + 3 : index === 2 ? -1 : random.integer(length)));
    case 'causal-lm':
    case 'seq2seq-lm':
      return integers([size, length], (index) =>
        attentionMask?.data[index] === 0 || random.uniform() < 0.2 ? -100 : random.integer(vocabularySize),
      );
  }
}
