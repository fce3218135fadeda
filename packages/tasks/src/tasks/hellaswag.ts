import { choiceText, harness } from '../choice/template.js';
import { folderLoader, shards } from '../data/layout.js';
import { jsonLines, parquet } from '../data/records.js';
import { hellaswagQuestion } from '../choice/questionRecords.js';
import { hellaswagManifest } from '../manifests/hellaswag.js';
import { defineTask } from '../task/declaration.js';

export const hellaswag = defineTask({
  name: 'hellaswag',
  summary: 'how does a described scene go on? four endings',
  source: {
    homepage: 'https://rowanzellers.com/hellaswag/',
    licence: 'MIT',
    citation: 'Zellers et al., ACL 2019',
    notes: 'marks of the WikiHow texts are taken out as lm-evaluation-harness does',
  },
  kind: 'multiple-choice',
  answers: ['0', '1', '2', '3'],
  scoring: 'best',
  templates: {
    harness: harness({ context: ({ question }) => question, target: choiceText }),
  },
  shots: { split: 'train', sampler: 'random-but-itself' },
  splits: { train: 'train', report: ['dev'], select: 'dev' },
  metrics: ['acc', 'acc_norm'],
  manifest: hellaswagManifest,
  load: folderLoader({
    folders: ['qa/hellaswag', 'hellaswag'],
    splits: {
      train: [
        { files: ['train.jsonl'], read: jsonLines(hellaswagQuestion) },
        { files: ['hellaswag_train.jsonl'], read: jsonLines(hellaswagQuestion) },
        ...shards('train', parquet(hellaswagQuestion)),
      ],
      dev: [
        { files: ['validation.jsonl'], read: jsonLines(hellaswagQuestion) },
        { files: ['hellaswag_val.jsonl'], read: jsonLines(hellaswagQuestion) },
        ...shards('validation', parquet(hellaswagQuestion)),
      ],
    },
    optional: ['train'],
  }),
  downloads: [
    {
      url: 'https://raw.githubusercontent.com/rowanz/hellaswag/master/data/hellaswag_train.jsonl',
      bytes: 47496131,
      sha256: 'dae5e69249868cb9fe4e23ff925c60b66169564cfb7072d793cd7356a2b69f8d',
      places: 'hellaswag_train.jsonl',
    },
    {
      url: 'https://raw.githubusercontent.com/rowanz/hellaswag/master/data/hellaswag_val.jsonl',
      bytes: 12246618,
      sha256: '0aa3b88843990f3f10a97b9575c94d7b71fb2205240ba04ae4884d9e9c992588',
      places: 'hellaswag_val.jsonl',
    },
  ],
});
