import { philox4x32 } from './philox.js';

/** Two 32-bit words that name a stream; what the backends' stateless generators take as their seed. */
export type StreamKey = readonly [number, number];

const FNV_PRIME = 0x01000193;

/** 32-bit FNV-1a of a string's UTF-16 code units, from a given basis. */
function hashString(text: string, basis: number): number {
  let hash = basis >>> 0;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME) >>> 0;
  }
  return hash;
}

/**
 * The key of the stream named by `parts`, e.g. `streamKey(seed, 'dropout', 'encoder.layer.0', step)`. Equal parts
 * give equal keys in every process and on every backend; the two hashes are finished by one Philox block so that
 * neighbouring names are unrelated.
 */
export function streamKey(seed: number, ...parts: readonly (string | number)[]): StreamKey {
  const name = parts.map((part) => `${typeof part}:${part}`).join('/');
  const out = new Uint32Array(4);
  philox4x32(
    hashString(name, 0x811c9dc5),
    hashString(name, 0x9747b28c),
    seed >>> 0,
    Math.floor(seed / 2 ** 32),
    0,
    0,
    out,
  );
  return [out[0]! | 0, out[1]! | 0];
}

/**
 * A sequential reader of one named stream, for choices made on the host: shuffling, token selection, initial
 * weights. Never used for anything whose size depends on the backend.
 */
export class RandomStream {
  private readonly key: StreamKey;
  private readonly block = new Uint32Array(4);
  private index = 0;

  constructor(seed: number, ...parts: readonly (string | number)[]) {
    this.key = streamKey(seed, ...parts);
  }

  /** The next unsigned 32-bit word. */
  nextUint32(): number {
    const lane = this.index & 3;
    if (lane === 0) {
      const blockIndex = this.index / 4;
      philox4x32(this.key[0], this.key[1], blockIndex >>> 0, Math.floor(blockIndex / 2 ** 32), 0, 0, this.block);
    }
    this.index += 1;
    return this.block[lane]!;
  }

  /** Uniform in [0, 1) with 53 bits. */
  uniform(): number {
    const high = this.nextUint32() >>> 5;
    const low = this.nextUint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** Uniform integer in [0, bound), without modulo bias. */
  integer(bound: number): number {
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let value = this.nextUint32();
    while (value >= limit) value = this.nextUint32();
    return value % bound;
  }

  /** Standard normal (Box–Muller, cosine branch). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Shuffles in place (Fisher–Yates) and returns the same array. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [items[i], items[j]] = [items[j]!, items[i]!];
    }
    return items;
  }

  /** `count` distinct integers of [0, bound), in ascending order. */
  sample(bound: number, count: number): number[] {
    const pool = Array.from({ length: bound }, (_, i) => i);
    const taken = Math.min(count, bound);
    for (let i = 0; i < taken; i++) {
      const j = i + this.integer(bound - i);
      [pool[i], pool[j]] = [pool[j]!, pool[i]!];
    }
    return pool.slice(0, taken).sort((a, b) => a - b);
  }
}
