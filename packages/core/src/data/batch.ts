/** Arrays on the host, on their way to a backend; row-major. */
export type HostArray =
  | { readonly dtype: 'int32'; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: 'float32'; readonly shape: readonly number[]; readonly data: Float32Array };

/**
 * One micro-batch as a collator makes it. Names are Hugging Face's in camelCase; `inputIds` and `attentionMask`
 * are [size, length] (right-padded unless the model says otherwise), `labels` [size] (int32 classes, float32
 * targets of a regression) or [size, length] for language modelling (-100 = ignored).
 */
export interface Batch {
  readonly size: number;
  readonly length: number;
  readonly inputs: Readonly<Record<string, HostArray>> & {
    readonly inputIds: HostArray;
    readonly attentionMask: HostArray;
  };
  readonly labels: HostArray;
}
