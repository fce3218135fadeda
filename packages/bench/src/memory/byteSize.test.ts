import { describe, expect, it } from 'vitest';
import { formatByteSize, parseByteSize } from './byteSize.js';

describe('sizes', () => {
  it.each([
    ['24GiB', 24 * 1024 ** 3],
    ['24 gib', 24 * 1024 ** 3],
    ['80GB', 80e9],
    ['1.5MiB', 1.5 * 1024 ** 2],
    ['512', 512],
    ['7b', 7],
  ])('%s', (text, bytes) => expect(parseByteSize(text)).toBe(bytes));

  it.each(['', 'GiB', '-1GiB', '0', '24 Gib/s', '24GiBs', '1e400GB', 'NaN', '12,5GB'])('refuses "%s"', (text) =>
    expect(parseByteSize(text)).toBeUndefined(),
  );

  it('are shown in the unit that fits', () => {
    expect([24 * 2 ** 30, 1.5 * 2 ** 30, 3 * 2 ** 20].map(formatByteSize)).toEqual(['24 GiB', '1.5 GiB', '3 MiB']);
  });
});
