/** Datasets as the hub serves them: Parquet shards, written here with the hub's fields. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { SchemaElement } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { loadTask } from '../task/loadTask.js';
import { verifyDataset } from '../task/verify.js';
import { dataFolder, emptyEnvironment } from '../testing/glueFolder.js';
import { missingShared, sharedPath } from '../testing/shared.js';
import { loadMutatedParquet } from '../testing/mutatedFiles.js';
import { readParquet } from './readers/parquet.js';

type Column = Parameters<typeof parquetWriteBuffer>[0]['columnData'][number];

/** A data folder with Parquet files: path → columns. */
function hubFolder(files: Readonly<Record<string, Column[]>>): string {
  const folder = dataFolder({});
  for (const [path, columnData] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), new Uint8Array(parquetWriteBuffer({ columnData })));
  }
  return folder;
}

const load = (name: string, folder: string) => loadTask(name, { dataFolder: folder, environment: emptyEnvironment });

const rte = (label: number[]): Column[] => [
  { name: 'sentence1', data: label.map((_, row) => `premise ${row} é "x`), type: 'STRING' },
  { name: 'sentence2', data: label.map((_, row) => `hypothesis ${row}`), type: 'STRING' },
  { name: 'label', data: label.map(BigInt), type: 'INT64' },
  { name: 'idx', data: label.map((_, row) => row), type: 'INT32' },
];

describe('hub layout', () => {
  it('gives the rows of GLUE that the archive gives', async () => {
    const hub = hubFolder({
      'glue/rte/train-00000-of-00002.parquet': rte([0, 1]),
      'glue/rte/train-00001-of-00002.parquet': rte([1]),
      'glue/rte/validation-00000-of-00001.parquet': rte([1]),
    });
    const task = await load('rte', hub);
    expect(task.rows('train')).toEqual([
      { text: 'premise 0 é "x', pair: 'hypothesis 0', label: 0 },
      { text: 'premise 1 é "x', pair: 'hypothesis 1', label: 1 },
      { text: 'premise 0 é "x', pair: 'hypothesis 0', label: 1 },
    ]);
    const header = 'index\tsentence1\tsentence2\tlabel\n';
    const line = (row: number, label: number) =>
      `${row}\tpremise ${row} é "x\thypothesis ${row}\t${label === 0 ? 'entailment' : 'not_entailment'}\n`;
    const archive = dataFolder({
      'RTE/train.tsv': header + line(0, 0) + line(1, 1) + line(0, 1),
      'RTE/dev.tsv': header + line(0, 1),
    });
    expect(task.provenance.datasetSha256).toBe((await load('rte', archive)).provenance.datasetSha256);
  });

  it('gives the targets of STS-B that the archive gives, though it has them as 32-bit numbers', async () => {
    const targets = ['3.8', '0', '5', '1.667', '2.6000000000000001', '4.0909999999999', '0.333', '2.11111111111111'];
    const split = (type: 'FLOAT' | 'DOUBLE'): Column[] => [
      { name: 'sentence1', data: targets.map((_, row) => `one ${row}`), type: 'STRING' },
      { name: 'sentence2', data: targets.map((_, row) => `two ${row}`), type: 'STRING' },
      { name: 'label', data: targets.map(Number), type },
    ];
    const rows = async (type: 'FLOAT' | 'DOUBLE') => {
      const names = ['train', 'validation'].map((name) => `glue/stsb/${name}-00000-of-00001.parquet`);
      const task = await load('stsb', hubFolder(Object.fromEntries(names.map((name) => [name, split(type)]))));
      return task.rows('dev').map((row) => 'label' in row && row.label);
    };
    expect(await rows('FLOAT')).toEqual([3.8, 0, 5, 1.667, 2.6, 4.091, 0.333, 2.11111111111111]);
    expect(await rows('DOUBLE')).toEqual(targets.map(Number));
  });

  it('gives the rows of questions that the original gives', async () => {
    const split: Column[] = [
      { name: 'id', data: ['a', 'b'], type: 'STRING' },
      { name: 'question_stem', data: ['The sun is', 'Water is'], type: 'STRING' },
      {
        name: 'choices',
        data: [
          { text: ['hot', 'cold', 'wet', 'blue'], label: ['A', 'B', 'C', 'D'] },
          { text: ['dry', 'wet', 'hard', 'red'], label: ['A', 'B', 'C', 'D'] },
        ],
        type: 'JSON',
      },
      { name: 'answerKey', data: ['A', 'B'], type: 'STRING' },
    ];
    const names = ['train', 'validation', 'test'].map((name) => `openbookqa/main/${name}-00000-of-00001.parquet`);
    const task = await load('openbookqa', hubFolder(Object.fromEntries(names.map((name) => [name, split]))));
    expect(task.rows('test')).toEqual([
      { question: 'The sun is', choices: ['hot', 'cold', 'wet', 'blue'], label: 0 },
      { question: 'Water is', choices: ['dry', 'wet', 'hard', 'red'], label: 1 },
    ]);
  });

  it('misses shards, and names the row of a bad label', async () => {
    const incomplete = hubFolder({
      'glue/rte/train-00000-of-00002.parquet': rte([0]),
      'glue/rte/validation-00000-of-00001.parquet': rte([1]),
    });
    await expect(load('rte', incomplete)).rejects.toThrow('1 of 2 Parquet files of a split found');
    const wrong = hubFolder({
      'glue/rte/train-00000-of-00001.parquet': rte([0, 2]),
      'glue/rte/validation-00000-of-00001.parquet': rte([1]),
    });
    await expect(load('rte', wrong)).rejects.toThrow('train-00000-of-00001.parquet:2: field "label"');
  });

  it('refuses what is no Parquet', async () => {
    const folder = hubFolder({ 'glue/rte/validation-00000-of-00001.parquet': rte([1]) });
    writeFileSync(join(folder, 'glue/rte/train-00000-of-00001.parquet'), 'PAR1 but not really');
    await expect(load('rte', folder)).rejects.toMatchObject({ code: 'LEANTUNE_PARQUET', exitCode: 3 });
  });

  it.each([
    ['GZIP', (input: Uint8Array) => new Uint8Array(gzipSync(input))],
    ['ZSTD', (input: Uint8Array) => input],
  ] as const)('says what helps against %s', async (codec, compress) => {
    const folder = hubFolder({ 'glue/rte/validation-00000-of-00001.parquet': rte([1]) });
    const file = join(folder, 'glue/rte/train-00000-of-00001.parquet');
    const content = parquetWriteBuffer({ columnData: rte([0, 1]), codec, compressors: { [codec]: compress } });
    writeFileSync(file, new Uint8Array(content));
    await expect(load('rte', folder)).rejects.toMatchObject({
      message: `${file}: cannot be read as Parquet: compressed with ${codec}, expected SNAPPY or no compression`,
      remedy: "put the published file in its place, or rewrite it with snappy (pyarrow: compression='snappy')",
      code: 'LEANTUNE_PARQUET',
      exitCode: 3,
    });
  });

  it('refuses a page header whose lengths are missing, which hyparquet reads for ever', async () => {
    const rows = Array.from({ length: 400 }, (_, row) => row);
    const file = join(dataFolder({}), 'damaged.parquet');
    const bytes = Buffer.from(
      parquetWriteBuffer({
        columnData: [
          { name: 'sentence', data: rows.map((row) => `text ${row} lorem ipsum`), type: 'STRING' },
          { name: 'label', data: rows.map((row) => row % 2), type: 'INT32' },
          { name: 'idx', data: rows, type: 'INT32' },
        ],
      }),
    );
    bytes[23] = 134;
    bytes[68] = 248;
    writeFileSync(file, bytes);
    await expect(readParquet(file, () => undefined)).rejects.toMatchObject({ code: 'LEANTUNE_PARQUET', exitCode: 3 });
  });

  it('refuses texts that are no UTF-8, and takes U+FFFD', async () => {
    const texts = ['fine', 'a \uFFFD mark', 'damaged', 'fine', 'damaged', 'fine', 'damaged'];
    const lists = texts.map((text, row) => ({ text: [`${row}`, text], label: ['A', 'B'] }));
    const plain: Column[] = [{ name: 'text', data: texts, type: 'STRING' }];
    const dictionary: Column[] = [{ name: 'text', data: texts, type: 'STRING', encoding: 'RLE_DICTIONARY' }];
    const bytes: Column[] = [{ name: 'text', data: texts.map((text) => Buffer.from(text)), type: 'BYTE_ARRAY' }];
    // Every column that has them: an error of a second one would end the process.
    const several: Column[] = [...plain, { name: 'more', data: texts, type: 'STRING' }];
    const nested = {
      schema: [
        { name: 'root', num_children: 1 },
        { name: 'choices', num_children: 2, repetition_type: 'OPTIONAL' as const },
        ...['text', 'label'].flatMap((name): SchemaElement[] => [
          { name, num_children: 1, converted_type: 'LIST', repetition_type: 'OPTIONAL' },
          { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
          { name: 'element', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
        ]),
      ],
      columnData: [{ name: 'choices', data: lists }],
    };
    const file = join(dataFolder({}), 'texts.parquet');
    for (const [field, options] of [
      ['text', { columnData: plain }],
      ['text', { columnData: dictionary }],
      ['text', { columnData: bytes }],
      ['text', { columnData: several }],
      ['choices.text.1', nested],
    ] as const) {
      const content = Buffer.from(parquetWriteBuffer({ ...options, codec: 'UNCOMPRESSED' }));
      writeFileSync(file, content);
      const found: unknown[] = [];
      await readParquet(file, (record) => found.push(record));
      expect(JSON.stringify(found[1])).toContain('a \uFFFD mark');
      for (let at = content.indexOf('damaged'); at >= 0; at = content.indexOf('damaged', at)) content[at] = 0xe9;
      writeFileSync(file, content);
      await expect(readParquet(file, () => undefined)).rejects.toMatchObject({
        message: `${file}:3: field "${field}": invalid UTF-8, expected UTF-8 text`,
        remedy: 'put the published file in its place, or rewrite it with texts in UTF-8',
        code: 'LEANTUNE_INVALID_UTF8',
        exitCode: 3,
      });
    }
  });

  it('gives only typed errors on mutated files, in bounded time', { timeout: 60_000 }, async () => {
    const outcomes = await loadMutatedParquet(200);
    expect(Object.keys(outcomes).sort()).toEqual(expect.arrayContaining(['LEANTUNE_PARQUET', 'loaded']));
  });
});

const skipReason = missingShared('data/glue/STS-B');

it.skipIf(skipReason !== undefined)(
  `the hub's STS-B has the published rows${skipReason ? ` (skipped: ${skipReason})` : ''}`,
  async () => {
    const table = (file: string): Column[] => {
      const [header, ...lines] = readFileSync(sharedPath('data/glue/STS-B', file), 'utf8').trimEnd().split(/\r?\n/);
      const column = (name: string) => lines.map((line) => line.split('\t')[header!.split('\t').indexOf(name)]!);
      return [
        { name: 'sentence1', data: column('sentence1'), type: 'STRING' },
        { name: 'sentence2', data: column('sentence2'), type: 'STRING' },
        { name: 'label', data: column('score').map(Number), type: 'FLOAT' },
      ];
    };
    const folder = hubFolder({
      'glue/stsb/train-00000-of-00001.parquet': table('train.tsv'),
      'glue/stsb/validation-00000-of-00001.parquet': table('dev.tsv'),
    });
    const report = await verifyDataset('stsb', { dataFolder: folder, environment: emptyEnvironment });
    expect(report).toMatchObject({ status: 'same-rows', splits: { train: { rows: 5749 }, dev: { rows: 1500 } } });
  },
);
