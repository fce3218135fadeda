/** Encoded splits on disk: the same batches with and without, whatever became of the file. */
import { readFileSync, readdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dataFolder, emptyEnvironment } from '../testing/glueFolder.js';
import { characterTokenizer } from '../testing/characterTokenizer.js';
import { loadTask } from '../task/loadTask.js';
import { EncodedCache, cleanEncodedCache, encodedEntries } from './encodedCache.js';
import type { EncodedExample, RowTokenizer } from './encode.js';
import { packTask, unpackTask } from './packedTask.js';

const identity = { tokenizerSha256: 'a'.repeat(64), code: () => 'one' };
const cacheIn = (folder: string, other: Partial<typeof identity> = {}, mostBytes = 2 ** 20) =>
  new EncodedCache({ ...identity, ...other }, { folder, fewestRows: 10, mostBytes });

/** Counts what it encodes. */
function counting(): { readonly tokenizer: RowTokenizer; readonly encoded: () => number } {
  let count = 0;
  const encode: RowTokenizer['encode'] = (...parameters) => {
    count += 1;
    return characterTokenizer.encode(...parameters);
  };
  return { tokenizer: { ...characterTokenizer, encode }, encoded: () => count };
}

async function batchesOf(encodedCache: EncodedCache | undefined, maxLength = 24, rows = 100, text = 'sentences') {
  const { tokenizer, encoded } = counting();
  const task = await loadTask(text, { trainRows: rows, environment: emptyEnvironment });
  const options = { size: 8, seed: 3, order: 'grouped', tokenizer, maxLength, encodedCache } as const;
  return { batches: [...task.batches('train', options)], encoded: encoded() };
}

const SAMPLE = 50; // of 100 rows every second one

describe('encoded splits', () => {
  it('give the same batches from the cache, without tokenising', async () => {
    const folder = dataFolder({});
    const plain = await batchesOf(undefined);
    expect(plain.encoded).toBe(100);
    expect(await batchesOf(cacheIn(folder))).toEqual({ batches: plain.batches, encoded: 100 + SAMPLE });
    expect(await batchesOf(cacheIn(folder))).toEqual({ batches: plain.batches, encoded: SAMPLE });
    expect(encodedEntries(folder)).toHaveLength(1);
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.encoded$/)]);
  });

  it('are others for another length, tokenizer, code, or rows', async () => {
    const folder = dataFolder({});
    await batchesOf(cacheIn(folder));
    for (const [cache, maxLength, rows] of [
      [cacheIn(folder), 23, 100],
      [cacheIn(folder, { tokenizerSha256: 'b'.repeat(64) }), 24, 100],
      [cacheIn(folder, { code: () => 'two' }), 24, 100],
      [cacheIn(folder), 24, 99],
    ] as const) {
      expect((await batchesOf(cache, maxLength, rows)).encoded).toBeGreaterThanOrEqual(rows);
    }
    expect(encodedEntries(folder)).toHaveLength(5);
  });

  it('are others for what a template makes of the same rows', () => {
    const folder = dataFolder({});
    const rows = Array.from({ length: 20 }, (_, row) => row);
    const withText = (id: number) => (some: readonly number[]) => ({
      examples: some.map((row): EncodedExample => ({
        inputIds: Int32Array.of(id, row),
        attentionMask: Int32Array.of(1, 1),
        label: 0,
      })),
      maxLength: 2,
      labels: 'int32' as const,
    });
    cacheIn(folder).read(['x'], rows, withText(1));
    expect(cacheIn(folder).read(['x'], rows, withText(2))).toEqual(withText(2)(rows));
    expect(encodedEntries(folder)).toHaveLength(2);
  });

  it.each([
    ['cut short', (file: string) => truncateSync(file, 500)],
    ['empty', (file: string) => truncateSync(file, 0)],
    [
      'changed in one byte',
      (file: string) => {
        const content = readFileSync(file);
        content[content.length >> 1]! ^= 1;
        writeFileSync(file, content);
      },
    ],
  ])('that are %s are made anew', async (_what, damage) => {
    const folder = dataFolder({});
    const { batches } = await batchesOf(cacheIn(folder));
    const { file } = encodedEntries(folder)[0]!;
    const whole = readFileSync(file);
    damage(file);
    expect(await batchesOf(cacheIn(folder))).toEqual({ batches, encoded: 100 + SAMPLE });
    expect(readFileSync(file).equals(whole)).toBe(true);
  });

  it('of few rows are not kept, nor where nobody can write', async () => {
    const folder = dataFolder({ file: '' });
    expect((await batchesOf(cacheIn(folder), 24, 9)).encoded).toBe(9);
    expect(encodedEntries(folder)).toEqual([]);
    expect((await batchesOf(cacheIn(join(folder, 'file')))).batches).toEqual((await batchesOf(undefined)).batches);
  });

  it('make room for each other, the longest unused first, and can be removed', async () => {
    const folder = dataFolder({});
    await batchesOf(cacheIn(folder), 20);
    const { bytes, file } = encodedEntries(folder)[0]!;
    const room = Math.floor(2.5 * bytes);
    await batchesOf(cacheIn(folder, {}, room), 21);
    const second = encodedEntries(folder).find((entry) => entry.file !== file)!;
    utimesSync(file, 1, 1);
    utimesSync(second.file, 2, 2);
    await batchesOf(cacheIn(folder, {}, room), 20); // used again
    await batchesOf(cacheIn(folder, {}, room), 19);
    const left = encodedEntries(folder).map((entry) => entry.file);
    expect(left).toHaveLength(2);
    expect(left).toContain(file);
    expect(left).not.toContain(second.file);
    await batchesOf(cacheIn(folder, {}, 100), 18); // too large for the whole
    expect(encodedEntries(folder)).toHaveLength(2);
    writeFileSync(join(folder, 'x.encoded.1.incoming'), 'left by a run that was ended');
    expect(cleanEncodedCache(folder).entries).toBe(3);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('packed rows', () => {
  const text = (ids: readonly number[], mask = ids.map(() => 1)) => ({
    inputIds: Int32Array.from(ids),
    attentionMask: Int32Array.from(mask),
  });
  const types = (values: readonly number[]) => ({ tokenTypeIds: Int32Array.from(values) });

  it.each<[string, 'int32' | 'float32' | 'tokens' | 'span', EncodedExample[]]>([
    ['no rows', 'int32', []],
    [
      'classes',
      'int32',
      [
        { ...text([1, 70000, 3]), ...types([0, 0, 1]), label: 2 },
        { ...text([5]), ...types([0]), label: 0 },
      ],
    ],
    [
      'numbers',
      'float32',
      [
        { ...text([1, 40000]), label: 2.25 },
        { ...text([2]), label: -1e-9 },
      ],
    ],
    [
      'tokens',
      'tokens',
      [
        { ...text([7, 300, 9]), label: Int32Array.of(-100, 300, 9) },
        { ...text([1]), label: Int32Array.of(-100) },
      ],
    ],
    [
      'spans',
      'span',
      [
        { ...text([1, 2, 3], [1, 1, 0]), label: Int32Array.of(1, 2) },
        { ...text([]), label: Int32Array.of(0, 0) },
      ],
    ],
    [
      'choices',
      'int32',
      [
        { ...text([1, 2]), label: 1, otherChoices: [text([3]), text([])] },
        { ...text([4]), label: 0 },
      ],
    ],
  ])('are the same after unpacking: %s', (_name, labels, examples) => {
    const task = { examples, labels, maxLength: 9 };
    expect(unpackTask(packTask(task))).toEqual(task);
  });
});
