/** SVHN and CIFAR-10 in every layout, from files written here. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { encode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { loadTask } from '../../task/loadTask.js';
import type { ImageRow } from '../dataset.js';
import { dataFolder, emptyEnvironment } from '../../testing/glueFolder.js';
import {
  cifarRecords,
  hubParquet,
  hubPictures,
  picture,
  pictures,
  png,
  tarball,
  type Picture,
} from '../../testing/imageFiles.js';
import { decodePng } from './png.js';

const load = (name: string, folder: string) => loadTask(name, { dataFolder: folder, environment: emptyEnvironment });
const rows = (task: Awaited<ReturnType<typeof load>>, split: string) => task.rows(split) as readonly ImageRow[];
const train = pictures(50);
const test = pictures(20, 50);
/** Each tenth of the training rows in one of the published files. */
const batches = Object.fromEntries([
  ...[0, 1, 2, 3, 4].map((batch) => [
    `data_batch_${batch + 1}.bin`,
    cifarRecords(train.slice(10 * batch, 10 * batch + 10)),
  ]),
  ['test_batch.bin', cifarRecords(test)],
]) as Readonly<Record<string, Buffer>>;
const below = (folder: string, files: Readonly<Record<string, Buffer>>) =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]));

const layouts: Readonly<Record<string, Readonly<Record<string, Buffer>>>> = {
  'the hub': {
    'cifar10/plain_text/train-00000-of-00002.parquet': hubPictures('img', train.slice(0, 30)),
    'cifar10/plain_text/train-00001-of-00002.parquet': hubPictures('img', train.slice(30)),
    'cifar10/plain_text/test-00000-of-00001.parquet': hubPictures('img', test),
  },
  'unpacked files': below('cifar-10-batches-bin', batches),
  'unpacked files below the data set': below('images/cifar10/cifar-10-batches-bin', batches),
  'the published archive': {
    'images/cifar10/cifar-10-binary.tar.gz': tarball(below('cifar-10-batches-bin', batches)),
  },
};

describe('cifar10', () => {
  it.each(Object.entries(layouts))('reads %s: the same rows', async (_layout, files) => {
    const task = await load('cifar10', dataFolder(files));
    expect(rows(task, 'test')).toEqual(test);
    expect([...rows(task, 'train'), ...rows(task, 'dev')]).toHaveLength(50);
    // 2 % of 50 rows.
    expect(rows(task, 'dev')).toHaveLength(1);
    expect(task.provenance.status).toBe('sample');
    const { labelCounts } = task.provenance.splits.test!;
    expect(labelCounts).toMatchObject({ airplane: 2, truck: 2 });
    expect(task.provenance.majorityBaseline).toMatchObject({ accuracy: { test: 0.1 } });
    const hub = await load('cifar10', dataFolder(layouts['the hub']!));
    expect(task.provenance.datasetSha256).toBe(hub.provenance.datasetSha256);
  });

  const wrong = (change: (bytes: Buffer) => Buffer) =>
    dataFolder(below('cifar10', { ...batches, 'data_batch_3.bin': change(Buffer.from(batches['data_batch_3.bin']!)) }));

  it.each<[what: string, change: (bytes: Buffer) => Buffer, message: string]>([
    [
      'another length',
      (bytes) => bytes.subarray(0, 2 * 3073 + 100),
      'data_batch_3.bin:3: the record ends after 100 of 3073 bytes',
    ],
    [
      'a label outside the set',
      (bytes) => {
        bytes[4 * 3073] = 10;
        return bytes;
      },
      'data_batch_3.bin:5: label 10 found, expected 0 to 9',
    ],
    ['nothing', () => Buffer.alloc(0), 'data_batch_3.bin (0 bytes): no rows found'],
  ])('refuses a file with %s', async (_what, change, message) => {
    const folder = wrong(change);
    await expect(load('cifar10', folder)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining(`${join(folder, 'cifar10')}/${message}`) as string,
    });
  });

  const archived = (content: Buffer) => dataFolder({ 'cifar10/cifar-10-binary.tar.gz': content });
  const whole = below('cifar-10-batches-bin', batches);
  it.each<[what: string, archive: Buffer, message: string]>([
    [
      'a path that leads out of it',
      tarball({ ...whole, '../outside.bin': Buffer.of(1) }),
      'has a file named "../outside.bin", which would lie outside of its folder',
    ],
    [
      'a file less',
      tarball({ 'cifar-10-batches-bin/data_batch_2.bin': batches['data_batch_2.bin']! }),
      'lacks cifar-10-batches-bin/data_batch_1.bin, cifar-10-batches-bin/data_batch_3.bin',
    ],
    [
      'an empty file',
      tarball({ ...whole, 'cifar-10-batches-bin/data_batch_2.bin': Buffer.alloc(0) }),
      'cifar-10-binary.tar.gz/data_batch_2.bin (0 bytes): no rows found',
    ],
    ['its end cut off', tarball(whole).subarray(0, 2000), 'cannot be unpacked'],
    ['its last file cut off', gzipSync(gunzipSync(tarball(whole)).subarray(0, -3000)), 'cannot be unpacked'],
    [
      'a wrong label inside',
      tarball({ ...whole, 'cifar-10-batches-bin/data_batch_1.bin': cifarRecords([{ ...picture(0), label: 77 }]) }),
      'cifar-10-binary.tar.gz/data_batch_1.bin:1: label 77 found, expected 0 to 9',
    ],
  ])('refuses an archive with %s', async (_what, archive, message) => {
    const folder = archived(archive);
    const before = readdirSync(folder, { recursive: true });
    await expect(load('cifar10', folder)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining(message) as string,
    });
    expect(readdirSync(folder, { recursive: true })).toEqual(before);
  });
});

describe('svhn', () => {
  const svhn = (rowsOfTrain: readonly { readonly bytes: Uint8Array; readonly label: number }[]) =>
    dataFolder({
      'images/svhn/cropped_digits/train-00000-of-00001.parquet': hubParquet('image', rowsOfTrain),
      'images/svhn/cropped_digits/test-00000-of-00001.parquet': hubPictures('image', test),
    });
  const files = train.map(({ image, label }) => ({ bytes: png(image), label }));
  const replaced = (change: (row: (typeof files)[number]) => Partial<(typeof files)[number]>) =>
    svhn(files.map((row, index) => (index === 6 ? { ...row, ...change(row) } : row)));

  it("reads the hub's files", async () => {
    const task = await load('svhn', svhn(files));
    expect(rows(task, 'test')).toEqual(test);
    expect(task.warnings).toContainEqual(expect.stringContaining('50 of 73257 published rows'));
  });

  const other = ({ image }: Picture, height: number) =>
    encode({ ...image, height, data: image.pixels.subarray(0, height * image.width * 3), depth: 8, channels: 3 });

  it.each<[what: string, change: Parameters<typeof replaced>[0], message: string]>([
    ['a label outside the set', () => ({ label: 10 }), 'field "label"'],
    ['a label below the set', () => ({ label: -1 }), 'field "label"'],
    ['a PNG that is cut off', ({ bytes }) => ({ bytes: bytes.subarray(0, 60) }), 'the PNG image is damaged'],
    [
      'a PNG whose pixels were changed',
      ({ bytes }) => ({ bytes: bytes.map((byte, index) => (index === 50 ? byte ^ 1 : byte)) }),
      'the PNG image is damaged',
    ],
    ['an empty image', () => ({ bytes: new Uint8Array(0) }), 'no PNG image found'],
    ['a JPEG image', () => ({ bytes: new Uint8Array(100).fill(0xff) }), 'no PNG image found'],
    [
      'an image of another size',
      () => ({ bytes: other(picture(6), 31) }),
      'an image of 31 × 32 pixels found, expected 32 × 32',
    ],
  ])('refuses %s with its row', async (_what, change, message) => {
    const folder = replaced(change);
    const file = join(folder, 'images/svhn/cropped_digits/train-00000-of-00001.parquet');
    await expect(load('svhn', folder)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining(`${file}:7: ${message}`) as string,
    });
  });

  it('refuses a file without rows, and one that is no Parquet', async () => {
    await expect(load('svhn', svhn([]))).rejects.toThrow('no rows found');
    const folder = svhn(files);
    writeFileSync(join(folder, 'images/svhn/cropped_digits/test-00000-of-00001.parquet'), 'PAR1');
    await expect(load('svhn', folder)).rejects.toMatchObject({ code: 'LEANTUNE_PARQUET' });
  });
});

describe('decodePng', () => {
  const refuse = (problem: string): never => {
    throw new Error(problem);
  };
  const decoded = (image: Parameters<typeof encode>[0]) => [...decodePng(encode(image), undefined, refuse).pixels];

  it('makes red, green and blue of every kind of PNG', () => {
    const two = { width: 2, height: 1 };
    expect(decoded({ ...two, channels: 1, data: Uint8Array.of(7, 200) })).toEqual([7, 7, 7, 200, 200, 200]);
    expect(decoded({ ...two, channels: 2, data: Uint8Array.of(7, 0, 200, 9) })).toEqual([7, 7, 7, 200, 200, 200]);
    expect(decoded({ ...two, channels: 4, data: Uint8Array.of(1, 2, 3, 0, 4, 5, 6, 255) })).toEqual([1, 2, 3, 4, 5, 6]);
    // One bit a pixel: white and black.
    expect(decoded({ ...two, channels: 1, depth: 1, data: Uint8Array.of(0b1000_0000) })).toEqual([
      255, 255, 255, 0, 0, 0,
    ]);
    const palette = [
      [9, 8, 7],
      [1, 2, 3],
    ];
    expect(decoded({ ...two, channels: 1, palette, data: Uint8Array.of(1, 0) })).toEqual([1, 2, 3, 9, 8, 7]);
  });

  it('refuses 16 bits, and a header that asks for more than there is', () => {
    expect(() => decoded({ width: 1, height: 1, channels: 3, depth: 16, data: new Uint16Array(3) })).toThrow('16 bits');
    const huge = png(picture(0).image).slice();
    new DataView(huge.buffer).setUint32(16, 0x7fffffff);
    expect(() => decodePng(huge, undefined, refuse)).toThrow('at most');
  });
});
