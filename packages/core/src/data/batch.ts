/** Arrays on the host, on their way to a backend; row-major. */
export type HostArray =
  | { readonly dtype: 'int32'; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: 'float32'; readonly shape: readonly number[]; readonly data: Float32Array };

/**
 * One micro-batch as a collator makes it. Names of inputs are Hugging Face's in camelCase:
 * - `inputIds`, `attentionMask`, `tokenTypeIds`, `positionIds` int32 [size, length];
 * - `decoderInputIds` int32 [size, decoder length] for encoder-decoders that are trained on a target;
 * - `pixelValues` float32 [size, channels, height, width];
 * - `causalOrder` int32 [size, length]: the order of the tokens where a method has arranged them anew;
 * - `nextTokenLabels` int32 [size, length]: the label of each token's successor, where arranged anew;
 * - `choiceMask` int32 [questions, choices]: 0 for a row that only stands in for a choice that its question lacks.
 *
 * `labels` are [size] (int32 classes, float32 targets of a regression), [size, length] for language modelling
 * (-100 = ignored), [questions] for multiple choice (each with size / questions rows), [size, 2] for spans.
 */
export interface Batch {
  readonly size: number;
  readonly length: number;
  readonly inputs: Readonly<Record<string, HostArray>>;
  readonly labels: HostArray;
  /** Position of the first token, where a method puts something before the text. Default 0. */
  readonly firstPosition?: number;
}
