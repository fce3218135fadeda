import { describe, expect, it } from 'vitest';
import { PythonRandom } from './pythonRandom.js';

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Printed by CPython 3: `r = random.Random(1234); r.sample(range(n), k)`, one after another. */
describe('PythonRandom', () => {
  it('draws what random.sample draws', () => {
    const random = new PythonRandom(1234);
    expect(random.sample(range(1119), 25)).toEqual([
      902, 239, 15, 185, 71, 171, 201, 726, 484, 35, 63, 32, 708, 991, 949, 304, 186, 374, 234, 29, 1030, 996, 511, 132,
      1108,
    ]);
    expect(random.sample(range(1119), 25)).toEqual([
      954, 140, 182, 1054, 94, 552, 129, 619, 985, 727, 545, 510, 409, 928, 1085, 39, 1040, 144, 11, 683, 294, 968, 772,
      342, 110,
    ]);
  });

  it('draws from a small population by exchanging, from a large one by trying', () => {
    const random = new PythonRandom(1234);
    expect(random.sample(range(20), 3)).toEqual([14, 3, 0]);
    expect(random.sample(range(40), 12)).toEqual([5, 37, 2, 39, 6, 22, 15, 1, 32, 25, 0, 11]);
    expect(random.sample(range(39905), 11)).toEqual([
      31735, 30379, 9735, 5982, 11999, 7498, 958, 32970, 31899, 16372, 4231,
    ]);
  });
});
