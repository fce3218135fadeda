/** Datasets as the hub serves them: Parquet shards, written here with the hub's fields. */
import { writeFileSync } from 'node:fs';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { loadTask } from '../task/loadTask.js';
import { dataFolder, emptyEnvironment } from '../testing/glueFolder.js';
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

  it('gives only typed errors on mutated files, in bounded time', { timeout: 60_000 }, async () => {
    const outcomes = await loadMutatedParquet(200);
    expect(Object.keys(outcomes).sort()).toEqual(expect.arrayContaining(['LEANTUNE_PARQUET', 'loaded']));
  });
});
