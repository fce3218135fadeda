/**
 * Python's `random.Random(seed)` as far as `sample` needs it: the Mersenne Twister MT19937 (Matsumoto and Nishimura
 * 1998), `getrandbits` and `sample` of CPython, so that few-shot examples are those that lm-evaluation-harness draws.
 */
const SIZE = 624;
const SHIFT = 397;

export class PythonRandom {
  private readonly state = new Uint32Array(SIZE);
  private index = SIZE;

  /** @param seed below 2^32 */
  constructor(seed: number) {
    this.initialize(19650218);
    const { state } = this;
    let i = 1;
    for (let round = 0; round < SIZE; round++) {
      state[i] = (state[i]! ^ Math.imul(state[i - 1]! ^ (state[i - 1]! >>> 30), 1664525)) + seed;
      i = this.next(i);
    }
    for (let round = 1; round < SIZE; round++) {
      state[i] = (state[i]! ^ Math.imul(state[i - 1]! ^ (state[i - 1]! >>> 30), 1566083941)) - i;
      i = this.next(i);
    }
    state[0] = 0x80000000;
  }

  /** `count` different elements, in the order in which they were drawn. */
  sample<T>(population: readonly T[], count: number): T[] {
    const size = population.length;
    const result: T[] = [];
    let setSize = 21;
    if (count > 5) setSize += 4 ** Math.ceil(Math.log(count * 3) / Math.log(4));
    if (size <= setSize) {
      const pool = [...population];
      for (let i = 0; i < count; i++) {
        const drawn = this.below(size - i);
        result.push(pool[drawn]!);
        pool[drawn] = pool[size - i - 1]!;
      }
      return result;
    }
    const selected = new Set<number>();
    for (let i = 0; i < count; i++) {
      let drawn = this.below(size);
      while (selected.has(drawn)) drawn = this.below(size);
      selected.add(drawn);
      result.push(population[drawn]!);
    }
    return result;
  }

  /** An integer in [0, limit), with limit below 2^32. */
  private below(limit: number): number {
    const bits = 32 - Math.clz32(limit);
    let drawn: number;
    do drawn = this.uint32() >>> (32 - bits);
    while (drawn >= limit);
    return drawn;
  }

  private uint32(): number {
    if (this.index >= SIZE) this.twist();
    let y = this.state[this.index++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  private twist(): void {
    const { state } = this;
    for (let i = 0; i < SIZE; i++) {
      const y = (state[i]! & 0x80000000) | (state[(i + 1) % SIZE]! & 0x7fffffff);
      state[i] = state[(i + SHIFT) % SIZE]! ^ (y >>> 1) ^ ((y & 1) === 0 ? 0 : 0x9908b0df);
    }
    this.index = 0;
  }

  private initialize(seed: number): void {
    this.state[0] = seed;
    for (let i = 1; i < SIZE; i++) {
      const before = this.state[i - 1]!;
      this.state[i] = Math.imul(before ^ (before >>> 30), 1812433253) + i;
    }
  }

  /** The next place; from the last one back to 1, with the last word carried to 0. */
  private next(i: number): number {
    if (i + 1 < SIZE) return i + 1;
    this.state[0] = this.state[SIZE - 1]!;
    return 1;
  }
}
