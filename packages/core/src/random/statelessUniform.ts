import { philox4x32 } from './philox.js';
import type { StreamKey } from './stream.js';

/** What TensorFlow mixes the seed with before it becomes key and counter (stateless_random_ops, GenerateKey). */
const MIX_KEY_0 = 0x3ec8f720;
const MIX_KEY_1 = 0x02461e29;

/**
 * Fills `out` with the float32 values in [0, 1) that TensorFlow's StatelessRandomUniform gives for an int32 seed:
 * Philox blocks of four words, the low 23 bits of each word as the mantissa of a number in [1, 2), minus 1.
 */
export function fillStatelessUniform(out: Float32Array, [seed0, seed1]: StreamKey): void {
  const mix = new Uint32Array(4);
  // Seeds are sign-extended to 64 bits.
  philox4x32(
    MIX_KEY_0,
    MIX_KEY_1,
    seed0 >>> 0,
    seed0 < 0 ? 0xffffffff : 0,
    seed1 >>> 0,
    seed1 < 0 ? 0xffffffff : 0,
    mix,
  );
  const [key0, key1, counter2, counter3] = mix as unknown as [number, number, number, number];
  const words = new Uint32Array(4);
  for (let start = 0; start < out.length; start += 4) {
    const block = start / 4;
    philox4x32(key0, key1, block >>> 0, Math.floor(block / 2 ** 32), counter2, counter3, words);
    const end = Math.min(4, out.length - start);
    for (let lane = 0; lane < end; lane++) out[start + lane] = (words[lane]! & 0x7fffff) * 2 ** -23;
  }
}
