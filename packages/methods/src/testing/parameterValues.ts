import type { TransformerModel } from '@leantune/models';

/** Every parameter's values, by name. */
export function snapshot(model: TransformerModel): Map<string, Float32Array> {
  return new Map([...model.namedParameters()].map(([name, parameter]) => [name, Float32Array.from(parameter.read())]));
}

export function sameValues(a: Float32Array, b: Float32Array): boolean {
  return a.every((value, index) => value === b[index]);
}

export function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b[index]!)), 0);
}
