/** -ln p of a token under the softmax of its logits [vocabulary], summed in double precision. */
export function negativeLogLikelihood(logits: Float32Array, id: number): number {
  const largest = logits.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  let total = 0;
  for (const value of logits) total += Math.exp(value - largest);
  return largest + Math.log(total) - logits[id]!;
}
