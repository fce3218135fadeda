/** The files of a new task: a small one that works, with rows of its own, to be changed into the author's own. */
import type { PluginNames } from './commonFiles.js';

export const taskFiles = (names: PluginNames): Readonly<Record<string, string>> => ({
  [`${names.name}.ts`]: task(names),
  [`${names.name}.test.ts`]: test(names),
  'data/train.jsonl': rows(0, TRAIN_ROWS),
  'data/dev.jsonl': rows(TRAIN_ROWS, DEV_ROWS),
  'sweep.yaml': sweep(names),
  'README.md': readme(names),
});

const TRAIN_ROWS = 60;
const DEV_ROWS = 30;

const subjects = ['the soup', 'the film', 'my room', 'this book', 'the trip'];
const words = [
  ['was a disappointment', 'was much too long', 'made me angry'],
  ['was a delight', 'could not be better', 'made me happy'],
];

/** Sentences without two alike within a split, both classes in turn. */
function rows(first: number, count: number): string {
  return Array.from({ length: count }, (_, index) => {
    const row = first + index;
    const label = row % 2;
    const subject = subjects[Math.floor(row / 2) % subjects.length]!;
    const word = words[label]![Math.floor(row / 10) % 3]!;
    const text = `${subject} ${word}, visit ${row}`;
    return `${JSON.stringify({ text, label: label === 1 ? 'good' : 'bad' })}\n`;
  }).join('');
}

const task = ({
  name,
  identifier,
}: PluginNames) => `import { defineTask, folderLoader, jsonLines } from '@leantune/tasks';
import { z } from 'zod';

const labels = ['bad', 'good'] as const;

/** One record of a file: change it to what yours hold. */
const record = z.looseObject({ text: z.string().min(1), label: z.enum(labels) });

/** What a record stands for: a text (and \`pair\`, where there are two), and the index of its class. */
const rows = jsonLines({
  schema: record,
  toRow: ({ text, label }) => ({ text, label: labels.indexOf(label) }),
});

/** Change everything below: what it is called, where it is from, how it is loaded and scored. */
export const ${identifier} = defineTask({
  name: '${name}',
  summary: 'is a visit remembered well or badly?',
  source: {
    homepage: 'https://example.org',
    licence: 'CC0 1.0',
    citation: 'your paper',
  },
  kind: 'classification',
  labels,
  fields: ['text'],
  splits: { train: 'train', report: ['dev'], select: 'dev' },
  metrics: ['accuracy', 'f1'],
  // What there should be: other rows are reported as such.
  manifest: {
    files: [],
    splits: { train: { rows: ${TRAIN_ROWS} }, dev: { rows: ${DEV_ROWS} } },
  },
  load: folderLoader({
    // Below the user's data folder first (LEANTUNE_DATA), then what lies beside this file.
    folders: ['${name}'],
    included: new URL('data/', import.meta.url),
    splits: {
      train: [{ files: ['train.jsonl'], read: rows }],
      dev: [{ files: ['dev.jsonl'], read: rows }],
    },
  }),
});
`;

const test = ({ name, identifier }: PluginNames) => `import { describeTask } from '@leantune/tasks/testing';
import { ${identifier} } from './${name}.js';

describeTask(${identifier});
`;

const sweep = ({ name }: PluginNames) => `name: ${name}
title: ${name}, full fine-tuning and LoRA
plugins: [./${name}.ts]
models: minilm-l6
tasks: { name: ${name}, maxLength: 32 }
methods: [full, lora]
training: { epochs: 1 }
`;

const readme = ({ name }: PluginNames) => `# ${name}

A task for leantune: \`${name}.ts\` declares it, \`data\` holds its rows, \`${name}.test.ts\` holds it to what all tasks keep.

    npx vitest run                              # the battery of tasks
    npx leantune data show ${name} --plugin .   # counts, hashes, a row
    npx leantune run sweep.yaml                 # full fine-tuning and LoRA: table and plots in runs/${name}/report

In any other sweep: \`plugins: [path/to/${name}]\`, or the package's name once it is installed. After a fresh clone
\`npx leantune new task ${name} --link\`, run beside the folder, makes the running leantune known to it again.
`;
