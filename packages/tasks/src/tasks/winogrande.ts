import { harness } from '../choice/template.js';
import { folderLoader, shards } from '../data/layout.js';
import { jsonLines, parquet } from '../data/records.js';
import { winograndeQuestion } from '../choice/questionRecords.js';
import { winograndeManifest } from '../manifests/winogrande.js';
import { defineTask } from '../task/declaration.js';

export const winogrande = defineTask({
  name: 'winogrande',
  summary: 'which of two names fills the gap in a sentence?',
  source: {
    homepage: 'https://winogrande.allenai.org/',
    licence: 'CC BY',
    citation: 'Sakaguchi et al., AAAI 2020',
  },
  kind: 'multiple-choice',
  answers: ['1', '2'],
  gap: '_',
  scoring: 'best',
  templates: {
    // Partial scoring (Trinh and Le 2018): the same ending after both fillings of the gap.
    harness: harness({
      context: ({ question, choices }, choice) => question.slice(0, question.indexOf('_')) + choices[choice]!,
      target: ({ question }) => question.slice(question.indexOf('_') + 1).trim(),
    }),
  },
  shots: { split: 'train_xl', sampler: 'random-but-itself' },
  splits: {
    train: ['train_xl', 'train_l', 'train_m', 'train_s', 'train_xs'],
    report: ['dev'],
    select: 'dev',
  },
  metrics: ['acc'],
  manifest: winograndeManifest,
  load: folderLoader({
    folders: ['qa/winogrande', 'winogrande', 'winogrande_1.1'],
    splits: {
      train_xl: [
        { files: ['train_xl.jsonl'], read: jsonLines(winograndeQuestion) },
        ...shards('train', parquet(winograndeQuestion), ['winogrande_xl']),
      ],
      train_l: [
        { files: ['train_l.jsonl'], read: jsonLines(winograndeQuestion) },
        ...shards('train', parquet(winograndeQuestion), ['winogrande_l']),
      ],
      train_m: [
        { files: ['train_m.jsonl'], read: jsonLines(winograndeQuestion) },
        ...shards('train', parquet(winograndeQuestion), ['winogrande_m']),
      ],
      train_s: [
        { files: ['train_s.jsonl'], read: jsonLines(winograndeQuestion) },
        ...shards('train', parquet(winograndeQuestion), ['winogrande_s']),
      ],
      train_xs: [
        { files: ['train_xs.jsonl'], read: jsonLines(winograndeQuestion) },
        ...shards('train', parquet(winograndeQuestion), ['winogrande_xs']),
      ],
      dev: [
        { files: ['dev.jsonl'], read: jsonLines(winograndeQuestion) },
        ...shards('validation', parquet(winograndeQuestion), ['winogrande_xl', 'winogrande_debiased']),
      ],
    },
    optional: ['train_xl', 'train_l', 'train_m', 'train_s', 'train_xs'],
  }),
  downloads: [
    {
      url: 'https://storage.googleapis.com/ai2-mosaic/public/winogrande/winogrande_1.1.zip',
      bytes: 2797793,
      sha256: 'd5699402a41de2b4e6b3c6e2a1e6b4faab2130543a12019a8c5d4f35ec502d47',
      places: {
        'winogrande_1.1/train_xl.jsonl': 'train_xl.jsonl',
        'winogrande_1.1/train_l.jsonl': 'train_l.jsonl',
        'winogrande_1.1/train_m.jsonl': 'train_m.jsonl',
        'winogrande_1.1/train_s.jsonl': 'train_s.jsonl',
        'winogrande_1.1/train_xs.jsonl': 'train_xs.jsonl',
        'winogrande_1.1/dev.jsonl': 'dev.jsonl',
      },
    },
  ],
});
