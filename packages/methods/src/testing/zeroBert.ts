import { Parameter, elementCount, type Batch, type ParameterSource } from '@leantune/core';
import { readModelConfig, type TransformerModel } from '@leantune/models';

/** All zeros: for figures that depend on shapes alone, without the seconds that random numbers take. */
const zeros: ParameterSource = {
  child: () => zeros,
  parameter: (_name, shape) => Parameter.from(new Float32Array(elementCount(shape)), shape),
};

/** @param json content of a BERT configuration, without `model_type` */
export function zeroBert(json: Readonly<Record<string, unknown>>, numberOfLabels: number): TransformerModel {
  return readModelConfig({ model_type: 'bert', ...json }).create({ kind: 'classification', numberOfLabels }, zeros);
}

/** Rows at full length, as the memory tables want them. */
export function fullBatch(size: number, length: number): Batch {
  const tokens = (value: number) => ({
    dtype: 'int32' as const,
    shape: [size, length],
    data: new Int32Array(size * length).fill(value),
  });
  return {
    size,
    length,
    inputs: { inputIds: tokens(7), attentionMask: tokens(1), tokenTypeIds: tokens(0) },
    labels: { dtype: 'int32', shape: [size], data: new Int32Array(size) },
  };
}
