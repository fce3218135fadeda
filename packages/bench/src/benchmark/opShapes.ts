/** Sizes that ops are timed at. No heavy import here: names are needed before anything computes. */

export interface OpShapes {
  readonly batch: number;
  readonly length: number;
  readonly hidden: number;
  readonly heads: number;
  /** Width of the feed-forward block. */
  readonly inner: number;
  readonly vocabulary: number;
}

/** By model: 32 rows of MiniLM's, 8 of BERT-base's, since the widths are quadratic in the time. */
export const opShapes = {
  'minilm-l6': { batch: 32, length: 128, hidden: 384, heads: 12, inner: 1536, vocabulary: 30522 },
  'bert-base': { batch: 8, length: 128, hidden: 768, heads: 12, inner: 3072, vocabulary: 30522 },
} as const satisfies Readonly<Record<string, OpShapes>>;

export type OpShapesName = keyof typeof opShapes;

export const opNames = [
  'linear',
  'attention',
  'layer-norm',
  'gelu',
  'dropout',
  'embedding',
  'cross-entropy',
  'adamw',
] as const;

export type OpName = (typeof opNames)[number];
