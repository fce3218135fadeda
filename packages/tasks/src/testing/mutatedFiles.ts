import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CorruptFileError, RandomStream } from '@leantune/core';
import { expect } from 'vitest';
import { loadTask } from '../task/loadTask.js';
import { dataFolder, emptyEnvironment } from './glueFolder.js';
import { cifarRecords, hubParquet, hubPictures, picture, pictures, png, tarball } from './imageFiles.js';

interface Original {
  readonly task: string;
  /** The damaged file is the first one. */
  readonly files: Readonly<Record<string, string | Buffer>>;
  /** Without lines or rows of its own: errors name the file alone. */
  readonly binary?: true;
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
  { task: 'squad', files: { 'squad/dev-v1.1.json': JSON.stringify(squad) } },
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

/**
 * Loads `count` damaged files of every format in turns, the same ones in every run. Each must load or fail with a
 * CorruptFileError that names the file, and its line or row where it has any. Returns how often each outcome (`loaded` or an error's code) came.
 */
export async function loadMutatedFiles(count: number): Promise<Record<string, number>> {
  const random = new RandomStream(7, 'mutated files');
  const cases = originals.map(({ task, files, binary = false, around = (content: Buffer) => content }) => {
    const folder = dataFolder(files);
    const [name, content] = Object.entries(files)[0]!;
    return { task, folder, file: join(folder, name), content: Buffer.from(content), binary, around };
  });
  const outcomes: Record<string, number> = {};
  for (let round = 0; round < count; round++) {
    const { task, folder, file, content, binary, around } = cases[round % cases.length]!;
    writeFileSync(file, around(mutate(content, random)));
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
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return outcomes;
}
