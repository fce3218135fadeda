/** Vectors of this many values are added at once, and this many of them side by side. */
const vectorSize = 8;
const rows = 4;
const levels = 4;

/**
 * Sum in float32, in the order in which PyTorch adds up a contiguous tensor on a CPU (`cascade_sum`, one thread): mean
 * values then agree to the bit.
 */
export function cascadeSum(values: Float32Array): number {
  const vector = values.length < vectorSize ? 1 : vectorSize;
  const vectors = Math.floor(values.length / vector);
  const width = rows * vector;
  const groups = Math.floor(vectors / rows);
  const total = sumOfGroups(values, groups, width);
  for (let index = groups * width; index < vectors * vector; index++) total[index % vector]! += values[index]!;
  for (let index = vector; index < width; index++) total[index % vector]! += total[index]!;
  let sum = 0;
  for (let index = vectors * vector; index < values.length; index++) sum = Math.fround(sum + values[index]!);
  for (let lane = 0; lane < vector; lane++) sum = Math.fround(sum + total[lane]!);
  return sum;
}

/** Adds up groups of `width` values elementwise: short runs first, their sums at the next level. */
function sumOfGroups(values: Float32Array, groups: number, width: number): Float32Array {
  const power = Math.max(4, Math.floor(Math.ceil(Math.log2(Math.max(groups, 1))) / levels));
  const step = 2 ** power;
  const sums = Array.from({ length: levels }, () => new Float32Array(width));
  const addInto = (target: Float32Array, source: Float32Array) => {
    for (let index = 0; index < width; index++) target[index]! += source[index]!;
  };
  let group = 0;
  while (group + step <= groups) {
    for (const end = group + step; group < end; group++) {
      addInto(sums[0]!, values.subarray(group * width, (group + 1) * width));
    }
    for (let level = 1; level < levels; level++) {
      addInto(sums[level]!, sums[level - 1]!);
      sums[level - 1]!.fill(0);
      // Only every `step`th sum of a level goes on to the next one.
      if ((group & ((step - 1) << (level * power))) !== 0) break;
    }
  }
  for (; group < groups; group++) addInto(sums[0]!, values.subarray(group * width, (group + 1) * width));
  for (let level = 1; level < levels; level++) addInto(sums[0]!, sums[level]!);
  return sums[0]!;
}
