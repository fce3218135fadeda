/**
 * The 16 values of NormalFloat 4 (Dettmers et al. 2023, "QLoRA", appendix E), as bitsandbytes has them; value 7 is 0.
 */
export const nf4Codebook: Float32Array = Float32Array.of(
  -1.0,
  -0.6961928009986877,
  -0.5250730514526367,
  -0.39491748809814453,
  -0.28444138169288635,
  -0.18477343022823334,
  -0.09105003625154495,
  0.0,
  0.07958029955625534,
  0.16093020141124725,
  0.24611230194568634,
  0.33791524171829224,
  0.44070982933044434,
  0.5626170039176941,
  0.7229568362236023,
  1.0,
);

/**
 * The 256 values of the signed dynamic 8-bit type (Dettmers 2015, "8-Bit Approximations for Parallelism in Deep Learning"):
 * for every power of ten from 1e-6 to 1 twice as many fractions, with both signs; 0; and 1. Bit-equal to
 * `create_dynamic_map` of bitsandbytes, ascending.
 */
export const dynamicCodebook: Float32Array = makeDynamicCodebook();

function makeDynamicCodebook(): Float32Array {
  const { fround } = Math;
  const values = [0, 1];
  for (let exponent = -6; exponent <= 0; exponent++) {
    const items = 2 ** (exponent + 6);
    const start = fround(0.1);
    const step = fround(fround(1 - start) / items);
    // torch.linspace counts from both ends, with one rounding a value.
    const boundary = (index: number) =>
      index < (items + 1) >> 1 ? fround(start + step * index) : fround(1 - step * (items - index));
    for (let index = 0; index < items; index++) {
      const mean = fround(fround(boundary(index) + boundary(index + 1)) / 2);
      const value = fround(fround(10 ** exponent) * mean);
      values.push(value, -value);
    }
  }
  return Float32Array.from(values).sort();
}
