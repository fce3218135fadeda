/** Conversions between float32 and the two 16-bit float types, round to nearest even, as PyTorch does them. */

/** float16 (1 sign, 5 exponent, 10 mantissa bits) → float32, exact. */
export function widenFloat16(halves: Uint16Array): Float32Array {
  const out = new Float32Array(halves.length);
  const words = new Uint32Array(out.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 0x1f;
    const mantissa = half & 0x3ff;
    if (exponent === 0) {
      // Zero and subnormals: mantissa · 2^-24 is exact in float32.
      out[i] = mantissa * 2 ** -24;
      words[i]! |= sign;
    } else if (exponent === 0x1f) {
      words[i] = sign | 0x7f800000 | (mantissa << 13);
    } else {
      words[i] = sign | ((exponent + 112) << 23) | (mantissa << 13);
    }
  }
  return out;
}

/** bfloat16 (the upper half of a float32) → float32, exact. */
export function widenBfloat16(halves: Uint16Array): Float32Array {
  const out = new Float32Array(halves.length);
  const words = new Uint32Array(out.buffer);
  for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16;
  return out;
}

/** The nearest values of a narrower type, as float32. */
export function roundedTo(values: Float32Array, dtype: 'float32' | 'bfloat16' | 'float16'): Float32Array {
  if (dtype === 'float32') return values;
  return dtype === 'float16' ? widenFloat16(narrowFloat16(values)) : widenBfloat16(narrowBfloat16(values));
}

/** float32 → float16; beyond 65504 (after rounding) becomes infinite. */
export function narrowFloat16(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < values.length; i++) {
    const word = words[i]!;
    const sign = (word >>> 16) & 0x8000;
    const magnitude = word & 0x7fffffff;
    if (magnitude > 0x7f800000) {
      out[i] = sign | 0x7e00;
    } else if (magnitude >= 0x47800000) {
      out[i] = sign | 0x7c00;
    } else if (magnitude >= 0x38800000) {
      // A carry out of the mantissa moves into the exponent, up to infinity, as it should.
      out[i] = sign | roundHalfEven(magnitude - 0x38000000, 13);
    } else {
      // Subnormal: count units of 2^-24; float64 holds the product exactly.
      out[i] = sign | roundToEven(Math.abs(values[i]!) * 2 ** 24);
    }
  }
  return out;
}

/** float32 → bfloat16. */
export function narrowBfloat16(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < values.length; i++) {
    const word = words[i]!;
    out[i] = (word & 0x7fffffff) > 0x7f800000 ? (word >>> 16) | 0x40 : roundHalfEven(word, 16);
  }
  return out;
}

/** Drops the lowest `bits` bits of an unsigned word, rounding half to even. */
function roundHalfEven(word: number, bits: number): number {
  const odd = (word >>> bits) & 1;
  // Plain addition: it may exceed 32 bits for a moment, which `/` and `floor` keep exact.
  return Math.floor((word + odd + 2 ** (bits - 1) - 1) / 2 ** bits);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
