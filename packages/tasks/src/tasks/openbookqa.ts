import { choiceText, harness, meft } from '../choice/template.js';
import { folderLoader, shards } from '../data/layout.js';
import { jsonLines, parquet } from '../data/records.js';
import { keyedQuestion } from '../choice/questionRecords.js';
import { openbookqaManifest } from '../manifests/openbookqa.js';
import { defineTask } from '../task/declaration.js';

export const openbookqa = defineTask({
  name: 'openbookqa',
  aliases: ['obqa'],
  summary: 'questions on elementary science, four choices',
  source: {
    homepage: 'https://allenai.org/data/open-book-qa',
    licence: 'Apache-2.0',
    citation: 'Mihaylov et al., EMNLP 2018',
  },
  kind: 'multiple-choice',
  answers: ['A', 'B', 'C', 'D'],
  scoring: 'best',
  templates: {
    harness: harness({ context: ({ question }) => question, target: choiceText }),
    meft: meft(({ question }) => question),
  },
  shots: { split: 'train', sampler: 'random' },
  splits: { train: 'train', report: ['test'], select: 'dev' },
  metrics: ['acc', 'acc_norm'],
  manifest: openbookqaManifest,
  load: folderLoader({
    folders: ['qa/openbookqa', 'openbookqa', 'OpenBookQA-V1-Sep2018/Data/Main'],
    splits: {
      train: [
        { files: ['train.jsonl'], read: jsonLines(keyedQuestion) },
        ...shards('train', parquet(keyedQuestion), ['main']),
      ],
      dev: [
        { files: ['dev.jsonl'], read: jsonLines(keyedQuestion) },
        ...shards('validation', parquet(keyedQuestion), ['main']),
      ],
      test: [
        { files: ['test.jsonl'], read: jsonLines(keyedQuestion) },
        ...shards('test', parquet(keyedQuestion), ['main']),
      ],
    },
  }),
  downloads: [
    {
      url: 'https://s3-us-west-2.amazonaws.com/ai2-website/data/OpenBookQA-V1-Sep2018.zip',
      bytes: 1446098,
      sha256: '82368cf05df2e3b309c17d162e10b888b4d768fad6e171e0a041954c8553be46',
      places: {
        'OpenBookQA-V1-Sep2018/Data/Main/train.jsonl': 'train.jsonl',
        'OpenBookQA-V1-Sep2018/Data/Main/dev.jsonl': 'dev.jsonl',
        'OpenBookQA-V1-Sep2018/Data/Main/test.jsonl': 'test.jsonl',
      },
    },
  ],
});
