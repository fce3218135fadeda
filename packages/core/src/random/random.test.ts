import { describe, expect, it } from 'vitest';
import { philox4x32 } from './philox.js';
import { RandomStream, streamKey } from './stream.js';

const hex = (words: Uint32Array) => [...words].map((word) => word.toString(16).padStart(8, '0')).join(' ');

describe('Philox4x32-10', () => {
  // Known answers of the authors' Random123 library (kat_vectors, philox4x32 10).
  it.each([
    [[0, 0], [0, 0, 0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [[0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [[0xa4093822, 0x299f31d0], [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ])('key %j counter %j', (key, counter, expected) => {
    const out = new Uint32Array(4);
    philox4x32(key[0]!, key[1]!, counter[0]!, counter[1]!, counter[2]!, counter[3]!, out);
    expect(hex(out)).toBe(expected);
  });
});

describe('RandomStream', () => {
  it('repeats itself for equal names and differs for others', () => {
    const draw = (...parts: (string | number)[]) => {
      const stream = new RandomStream(7, ...parts);
      return Array.from({ length: 5 }, () => stream.nextUint32());
    };
    expect(draw('dropout', 'layer.0', 3)).toEqual(draw('dropout', 'layer.0', 3));
    expect(draw('dropout', 'layer.0', 3)).not.toEqual(draw('dropout', 'layer.0', 4));
    expect(streamKey(1, 'a', 'b')).not.toEqual(streamKey(1, 'ab'));
    expect(streamKey(1, 2)).not.toEqual(streamKey(1, '2'));
  });

  it('has uniform and normal values with the right moments', () => {
    const stream = new RandomStream(1, 'moments');
    const n = 20_000;
    const uniform = Array.from({ length: n }, () => stream.uniform());
    const normal = Array.from({ length: n }, () => stream.normal());
    const mean = (values: number[]) => values.reduce((total, value) => total + value, 0) / values.length;
    // Four standard errors: 4 · 0.2887/√n and 4/√n.
    expect(Math.abs(mean(uniform) - 0.5)).toBeLessThan(0.0082);
    expect(Math.abs(mean(normal))).toBeLessThan(0.029);
    expect(Math.abs(mean(normal.map((value) => value ** 2)) - 1)).toBeLessThan(0.041);
  });

  it('samples distinct ascending integers and reaches every one', () => {
    const seen = new Set<number>();
    for (let draw = 0; draw < 200; draw++) {
      const sample = new RandomStream(draw, 'sample').sample(9, 4);
      expect(sample).toHaveLength(4);
      expect([...sample].sort((a, b) => a - b)).toEqual(sample);
      expect(new Set(sample).size).toBe(4);
      for (const value of sample) seen.add(value);
    }
    expect([...seen].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(new RandomStream(0).sample(3, 10)).toEqual([0, 1, 2]);
  });
});
