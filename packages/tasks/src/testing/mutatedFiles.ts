import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CorruptFileError, RandomStream } from '@leantune/core';
import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { expect } from 'vitest';
import { loadTask } from '../task/loadTask.js';
import { dataFolder, emptyEnvironment } from './glueFolder.js';
import { cifarRecords, hubParquet, hubPictures, picture, pictures, png, tarball } from './imageFiles.js';

interface Original {
  readonly task: string;
  /** The damaged file is the first one. */
  readonly files: Readonly<Record<string, string | Buffer>>;
  /** Without lines or rows of its own, or one record in all: errors may name the file alone. */
  readonly binary?: true;
  /** Bytes are changed, none come or go, as those would only break the table of a Parquet file's contents. */
  readonly sameSize?: true;
  /** The file around the content, where that is damaged inside of it. */
  readonly around?: (content: Buffer) => Buffer;
}

const tsv = 'sentence\tlabel';
const question = (row: number) =>
  `${JSON.stringify({ id: `${row}`, question: { stem: `Ünlike "row ${row}"`, choices: [0, 1].map((choice) => ({ text: `c${choice}`, label: 'AB'[choice] })) }, answerKey: 'AB'[row % 2] })}\r\n`;
const many = (line: (row: number) => string, count = 20) =>
  Array.from({ length: count }, (_, row) => line(row)).join('');
const squad = {
  data: [
    {
      paragraphs: [
        { context: 'Ünlike "x" y', qas: [{ id: '1', question: 'q?', answers: [{ text: 'x', answer_start: 8 }] }] },
      ],
    },
  ],
};

const cifarBatches: Readonly<Record<string, Buffer>> = {
  'data_batch_1.bin': cifarRecords(pictures(2, 1)),
  'data_batch_2.bin': cifarRecords(pictures(2, 2)),
  'data_batch_3.bin': cifarRecords(pictures(2, 3)),
  'data_batch_4.bin': cifarRecords(pictures(2, 4)),
  'data_batch_5.bin': cifarRecords(pictures(2, 5)),
  'test_batch.bin': cifarRecords(pictures(2)),
};
const below = (folder: string, files: Readonly<Record<string, Buffer>>) =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]));

const shard = (columnData: Parameters<typeof parquetWriteBuffer>[0]['columnData']) =>
  Buffer.from(parquetWriteBuffer({ columnData }));
const rows = Array.from({ length: 400 }, (_, row) => row);
/** As the hub has GLUE: flat columns. */
const flatShard = shard([
  { name: 'sentence', data: rows.map((row) => `text ${row} Ünlike`), type: 'STRING' },
  { name: 'label', data: rows.map((row) => BigInt(row % 2)), type: 'INT64' },
  { name: 'idx', data: rows, type: 'INT32' },
]);
/** As the hub has ARC and OpenBookQA: lists in a group. */
const nestedShard = Buffer.from(
  parquetWriteBuffer({
    schema: [
      { name: 'root', num_children: 4 },
      { name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
      { name: 'question_stem', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
      { name: 'choices', num_children: 2, repetition_type: 'OPTIONAL' },
      ...['text', 'label'].flatMap((name): SchemaElement[] => [
        { name, num_children: 1, converted_type: 'LIST', repetition_type: 'OPTIONAL' },
        { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
        { name: 'element', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
      ]),
      { name: 'answerKey', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
    ],
    columnData: [
      { name: 'id', data: rows.map(String) },
      { name: 'question_stem', data: rows.map((row) => `Ünlike ${row}`) },
      { name: 'choices', data: rows.map((row) => ({ text: [`a ${row}`, 'b', 'c', 'd'], label: [...'ABCD'] })) },
      { name: 'answerKey', data: rows.map((row) => 'ABCD'[row % 4]) },
    ],
  }),
);

/** One dataset of every format, in the layout of its publisher. */
const originals: readonly Original[] = [
  {
    task: 'sst2',
    files: {
      'SST-2/train.tsv': `\uFEFF${tsv}\r\n${many((row) => `Ünlike "row ${row} .\t${row % 2}\r\n`)}`,
      'SST-2/dev.tsv': `${tsv}\nfine\t1\n`,
    },
  },
  {
    task: 'openbookqa',
    files: {
      'openbookqa/train.jsonl': many(question),
      'openbookqa/dev.jsonl': question(0),
      'openbookqa/test.jsonl': question(1),
    },
  },
  {
    task: 'piqa',
    files: {
      'piqa/valid.jsonl': many((row) => `${JSON.stringify({ goal: `é ${row}`, sol1: 'a', sol2: 'b' })}\n`),
      'piqa/valid-labels.lst': many((row) => `${row % 2}\n`),
    },
  },
  {
    task: 'mmlu',
    files: {
      'mmlu/test/anatomy_test.csv': many((row) => `"Ünlike ""row"" ${row}, or\nnot",a,b,c,"d,e",${'ABCD'[row % 4]}\n`),
    },
  },
  {
    task: 'alpaca',
    files: {
      'alpaca/alpaca_data.json': JSON.stringify(
        Array.from({ length: 12 }, (_, row) => ({ instruction: `é "${row}"`, input: '', output: 'o' })),
        null,
        1,
      ),
    },
  },
  { task: 'squad', files: { 'squad/dev-v1.1.json': JSON.stringify(squad) }, binary: true },
  { task: 'cifar10', files: below('cifar10', cifarBatches) },
  {
    task: 'cifar10',
    files: { 'cifar10/cifar-10-binary.tar.gz': tarball(below('cifar-10-batches-bin', cifarBatches)) },
    binary: true,
  },
  {
    task: 'svhn',
    files: {
      'svhn/cropped_digits/train-00000-of-00001.parquet': Buffer.from(png(picture(0).image)),
      'svhn/cropped_digits/test-00000-of-00001.parquet': hubPictures('image', pictures(2)),
    },
    around: (bytes) => hubParquet('image', [{ bytes, label: 0 }]),
  },
];
const parquetOriginals: readonly Original[] = [
  {
    task: 'sst2',
    files: {
      'glue/sst2/train-00000-of-00001.parquet': flatShard,
      'glue/sst2/validation-00000-of-00001.parquet': flatShard,
    },
    binary: true,
    sameSize: true,
  },
  {
    task: 'openbookqa',
    files: Object.fromEntries(
      ['train', 'validation', 'test'].map((name) => [`openbookqa/main/${name}-00000-of-00001.parquet`, nestedShard]),
    ),
    binary: true,
    sameSize: true,
  },
];

/** NUL, tab, line ends, marks of the formats, digits, and bytes that break UTF-8. */
const inserted = [0x00, 0x09, 0x0a, 0x0d, 0x22, 0x2c, 0x30, 0x32, 0x5b, 0x5c, 0x7b, 0x7d, 0x80, 0xc3, 0xe9, 0xef, 0xff];

function mutate(original: Buffer, random: RandomStream): Buffer {
  const bytes = [...original];
  for (let change = random.integer(4); change >= 0; change--) {
    const at = random.integer(bytes.length);
    const removed = random.integer(3);
    const added = Array.from({ length: random.integer(3) }, () => inserted[random.integer(inserted.length)]!);
    bytes.splice(at, removed, ...added);
  }
  return Buffer.from(bytes);
}

/** Bytes of the headers of the first page and of the footer, where counts and sizes stand, or anywhere. */
function flip(original: Buffer, random: RandomStream): Buffer {
  const bytes = Buffer.from(original);
  for (let change = random.integer(3); change >= 0; change--) {
    const near = random.integer(Math.min(1500, bytes.length));
    const at = [near % 100, bytes.length - 1 - near, random.integer(bytes.length)][random.integer(3)]!;
    bytes[at] = random.integer(256);
  }
  return bytes;
}

/** CPU time: that of the wall depends on what else runs. */
const MOST_SECONDS_A_FILE = 10;

/**
 * Loads `count` damaged files of every format in turns, the same ones in every run. Each must load or fail with a
 * CorruptFileError that names the file, and its line or row where it has any. Returns how often each outcome (`loaded` or an error's code) came.
 */
export const loadMutatedFiles = (count: number) => loadMutated(originals, count);

/** As `loadMutatedFiles`, with Parquet files that are damaged themselves: flat ones and nested ones. */
export const loadMutatedParquet = (count: number) => loadMutated(parquetOriginals, count);

async function loadMutated(from: readonly Original[], count: number): Promise<Record<string, number>> {
  const random = new RandomStream(7, 'mutated files');
  const cases = from.map(({ task, files, binary = false, sameSize, around = (content: Buffer) => content }) => {
    const folder = dataFolder(files);
    const [name, content] = Object.entries(files)[0]!;
    return {
      task,
      folder,
      file: join(folder, name),
      content: Buffer.from(content),
      binary,
      around,
      damage: sameSize ? flip : mutate,
    };
  });
  const outcomes: Record<string, number> = {};
  for (let round = 0; round < count; round++) {
    const { task, folder, file, content, binary, around, damage } = cases[round % cases.length]!;
    writeFileSync(file, around(damage(content, random)));
    const start = process.cpuUsage();
    const outcome = await loadTask(task, { dataFolder: folder, environment: emptyEnvironment }).then(
      (loaded) => {
        const rows = loaded.reportSplits.flatMap((split) => loaded.rows(split));
        expect(rows.every((row) => !('label' in row) || Number.isInteger(row.label))).toBe(true);
        return 'loaded';
      },
      (error: unknown) => {
        expect(error, String(error)).toBeInstanceOf(CorruptFileError);
        const { message, code } = error as CorruptFileError;
        expect(message.startsWith(folder), message).toBe(true);
        if (code !== 'LEANTUNE_EMPTY_FILE' && !binary) {
          expect(message.slice(folder.length), message).toMatch(/^[^:]+:\d+: /);
        }
        return code;
      },
    );
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1e6, `${task}, damaged file ${round}`).toBeLessThan(MOST_SECONDS_A_FILE);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return outcomes;
}
