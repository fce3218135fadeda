import { choiceText, harness, meft } from '../choice/template.js';
import { folderLoader, shards } from '../data/layout.js';
import { jsonLines, parquet } from '../data/records.js';
import { sciqQuestion } from '../choice/questionRecords.js';
import { sciqManifest } from '../manifests/sciq.js';
import { defineTask } from '../task/declaration.js';

export const sciq = defineTask({
  name: 'sciq',
  summary: 'questions of science examinations, with a passage',
  source: {
    homepage: 'https://allenai.org/data/sciq',
    licence: 'CC BY-NC 3.0',
    citation: 'Welbl et al., WNUT 2017',
    notes: 'the right answer is always the last choice',
  },
  kind: 'multiple-choice',
  scoring: 'best',
  templates: {
    harness: harness({
      context: ({ question, support = '' }) => `${support.trimStart()}\nQuestion: ${question}\nAnswer:`,
      target: choiceText,
    }),
    meft: meft(({ question, support = '' }) => `${support}\nQuestion: ${question}\nAnswer:`),
  },
  shots: { split: 'train', sampler: 'random' },
  splits: { train: 'train', report: ['test'], select: 'dev' },
  metrics: ['acc', 'acc_norm'],
  manifest: sciqManifest,
  load: folderLoader({
    folders: ['qa/sciq', 'sciq'],
    splits: {
      train: [{ files: ['train.jsonl'], read: jsonLines(sciqQuestion) }, ...shards('train', parquet(sciqQuestion))],
      dev: [
        { files: ['validation.jsonl'], read: jsonLines(sciqQuestion) },
        ...shards('validation', parquet(sciqQuestion)),
      ],
      test: [{ files: ['test.jsonl'], read: jsonLines(sciqQuestion) }, ...shards('test', parquet(sciqQuestion))],
    },
  }),
});
