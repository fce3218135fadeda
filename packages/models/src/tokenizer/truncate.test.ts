import { describe, expect, it } from 'vitest';
import { keptLengths } from './truncate.js';

// Expected values from `truncate_encodings` of huggingface/tokenizers 0.22.2.
describe('keptLengths', () => {
  it('keeps everything that fits', () => {
    expect(keptLengths(3, 4, 7, 'only_first')).toEqual([3, 4]);
    expect(keptLengths(3, undefined, 3, 'only_second')).toEqual([3, 0]);
  });

  it('longest_first cuts the longer text, both when both are longer than half, the odd place to the longer', () => {
    expect(keptLengths(20, 5, 15, 'longest_first')).toEqual([10, 5]);
    expect(keptLengths(5, 20, 15, 'longest_first')).toEqual([5, 10]);
    expect(keptLengths(20, 18, 15, 'longest_first')).toEqual([8, 7]);
    expect(keptLengths(18, 20, 15, 'longest_first')).toEqual([7, 8]);
    expect(keptLengths(20, 20, 15, 'longest_first')).toEqual([7, 8]);
    expect(keptLengths(40, undefined, 15, 'longest_first')).toEqual([15, 0]);
    expect(keptLengths(4, 9, 0, 'longest_first')).toEqual([0, 0]);
  });

  it('cuts both to nothing where there is no room, whatever was asked for', () => {
    expect(keptLengths(0, 3, 0, 'only_second')).toEqual([0, 0]);
  });

  it('only_first and only_second cut one text, which must keep a token', () => {
    expect(keptLengths(10, 5, 12, 'only_first')).toEqual([7, 5]);
    expect(keptLengths(10, 5, 12, 'only_second')).toEqual([10, 2]);
    expect(() => keptLengths(10, 5, 10, 'only_second')).toThrow(
      'truncation: only_second: 5 tokens are too many, but the text to cut has only 5',
    );
    expect(() => keptLengths(9, undefined, 5, 'only_second')).toThrow(
      'truncation: only_second needs a second text, found a single one that is too long',
    );
  });
});
