import { describe, expect, it } from 'vitest';
import { narrowBfloat16, narrowFloat16, widenBfloat16, widenFloat16 } from './half.js';

const every16Bits = Uint16Array.from({ length: 65536 }, (_, i) => i);

/** IEEE 754-2008, binary16, by its definition. */
function float16ByDefinition(bits: number): number {
  const sign = bits >>> 15 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

describe('float16', () => {
  it('widens all 65536 patterns by the definition of binary16', () => {
    const wide = widenFloat16(every16Bits);
    for (let bits = 0; bits < 65536; bits++) {
      if (!Object.is(wide[bits], float16ByDefinition(bits))) throw new Error(`pattern ${bits}: ${wide[bits]}`);
    }
  });

  it('narrows back to the same pattern', () => {
    const back = narrowFloat16(widenFloat16(every16Bits));
    for (let bits = 0; bits < 65536; bits++) {
      const isNaN16 = (bits & 0x7fff) > 0x7c00;
      if (isNaN16 ? (back[bits]! & 0x7fff) <= 0x7c00 : back[bits] !== bits)
        throw new Error(`pattern ${bits}: ${back[bits]}`);
    }
  });

  // numpy 2.4: np.float32([...]).astype(np.float16).view(np.uint16)
  it('rounds half to even, keeps subnormals and overflows to infinity', () => {
    const values = [
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      65519.996,
      65520,
      2 ** -25,
      2 ** -25 * 1.5,
      3 * 2 ** -25,
      -1e9,
      6.1e-5,
    ];
    expect([...narrowFloat16(Float32Array.from(values))]).toEqual([
      0x3c00, 0x3c02, 0x7bff, 0x7c00, 0x0000, 0x0001, 0x0002, 0xfc00, 0x03ff,
    ]);
  });
});

describe('bfloat16', () => {
  it('is the upper half of a float32, exactly', () => {
    const wide = widenBfloat16(every16Bits);
    const words = new Uint32Array(wide.buffer);
    for (let bits = 0; bits < 65536; bits++) if (words[bits] !== (bits << 16) >>> 0) throw new Error(`pattern ${bits}`);
  });

  it('rounds half to even and keeps NaN a NaN', () => {
    const words = Uint32Array.from([0x3f808000, 0x3f818000, 0x3f808001, 0x7f7fffff, 0x7f800001, 0xff800000]);
    const narrow = narrowBfloat16(new Float32Array(words.buffer));
    expect([...narrow]).toEqual([0x3f80, 0x3f82, 0x3f81, 0x7f80, 0x7fc0, 0xff80]);
  });
});
