import { choiceText, harness, meft } from '../choice/template.js';
import { folderLoader, shards } from '../data/layout.js';
import { jsonLines, parquet } from '../data/records.js';
import { arcQuestion } from '../choice/questionRecords.js';
import { arcEasyManifest } from '../manifests/arcEasy.js';
import { defineTask } from '../task/declaration.js';

export const arcEasy = defineTask({
  name: 'arc_easy',
  aliases: ['arc-easy'],
  summary: 'easier questions of school examinations in science',
  source: {
    homepage: 'https://allenai.org/data/arc',
    licence: 'CC BY-SA 4.0',
    citation: 'Clark et al., arXiv 1803.05457',
    notes: 'a few questions have three or five choices',
  },
  kind: 'multiple-choice',
  answers: ['A', 'B', 'C', 'D', 'E'],
  scoring: 'best',
  templates: {
    harness: harness({ context: ({ question }) => `Question: ${question}\nAnswer:`, target: choiceText }),
    meft: meft(({ question }) => `Question: ${question}\nAnswer:`),
  },
  shots: { split: 'train', sampler: 'random' },
  splits: { train: 'train', report: ['test'], select: 'dev' },
  metrics: ['acc', 'acc_norm'],
  manifest: arcEasyManifest,
  load: folderLoader({
    folders: ['qa/arc_easy', 'arc_easy', 'ARC-Easy', 'ARC-V1-Feb2018-2/ARC-Easy', 'ai2_arc/ARC-Easy'],
    splits: {
      train: [
        { files: ['train.jsonl'], read: jsonLines(arcQuestion) },
        { files: ['ARC-Easy-Train.jsonl'], read: jsonLines(arcQuestion) },
        ...shards('train', parquet(arcQuestion), ['ARC-Easy']),
      ],
      dev: [
        { files: ['dev.jsonl'], read: jsonLines(arcQuestion) },
        { files: ['ARC-Easy-Dev.jsonl'], read: jsonLines(arcQuestion) },
        ...shards('validation', parquet(arcQuestion), ['ARC-Easy']),
      ],
      test: [
        { files: ['test.jsonl'], read: jsonLines(arcQuestion) },
        { files: ['ARC-Easy-Test.jsonl'], read: jsonLines(arcQuestion) },
        ...shards('test', parquet(arcQuestion), ['ARC-Easy']),
      ],
    },
  }),
  downloads: [
    {
      url: 'https://ai2-datasets.s3-us-west-2.amazonaws.com/arc/ARC-V1-Feb2018.zip',
      bytes: 680841265,
      sha256: '6d2d5ab50b2ceec6ba5f79c921be77cf2de712ea25a2b3f4fff3acc101cecfa0',
      places: {
        'ARC-V1-Feb2018-2/ARC-Easy/ARC-Easy-Train.jsonl': 'ARC-Easy-Train.jsonl',
        'ARC-V1-Feb2018-2/ARC-Easy/ARC-Easy-Dev.jsonl': 'ARC-Easy-Dev.jsonl',
        'ARC-V1-Feb2018-2/ARC-Easy/ARC-Easy-Test.jsonl': 'ARC-Easy-Test.jsonl',
      },
    },
  ],
});
