import { choiceText, harness, meft } from '../choice/template.js';
import { folderLoader, shards } from '../data/layout.js';
import { parquet } from '../data/records.js';
import { piqaFiles } from '../choice/piqaFiles.js';
import { piqaQuestion } from '../choice/questionRecords.js';
import { piqaManifest } from '../manifests/piqa.js';
import { defineTask } from '../task/declaration.js';

export const piqa = defineTask({
  name: 'piqa',
  summary: 'how is a thing done? two ways to choose from',
  source: {
    homepage: 'https://yonatanbisk.com/piqa/',
    licence: 'Academic Free License 3.0',
    citation: 'Bisk et al., AAAI 2020',
    notes: "the test labels are not published: scores are the development rows'",
  },
  kind: 'multiple-choice',
  answers: ['sol1', 'sol2'],
  scoring: 'best',
  templates: {
    harness: harness({ context: ({ question }) => `Question: ${question}\nAnswer:`, target: choiceText }),
    meft: meft(({ question }) => `Question: ${question} Answer:`),
  },
  shots: { split: 'train', sampler: 'random-but-itself' },
  splits: { train: 'train', report: ['dev'], select: 'dev' },
  metrics: ['acc', 'acc_norm'],
  manifest: piqaManifest,
  load: folderLoader({
    folders: ['qa/piqa', 'piqa', 'physicaliqa-train-dev'],
    splits: {
      train: [
        { files: ['train.jsonl', 'train-labels.lst'], read: piqaFiles },
        ...shards('train', parquet(piqaQuestion), ['plain_text']),
      ],
      dev: [
        { files: ['valid.jsonl', 'valid-labels.lst'], read: piqaFiles },
        { files: ['dev.jsonl', 'dev-labels.lst'], read: piqaFiles },
        ...shards('validation', parquet(piqaQuestion), ['plain_text']),
      ],
    },
    optional: ['train'],
  }),
  downloads: [
    {
      url: 'https://storage.googleapis.com/ai2-mosaic/public/physicaliqa/physicaliqa-train-dev.zip',
      bytes: 1824009,
      sha256: '54d32a04f59a7e354396f321723c8d7ec35cc6b08506563d8d1ffcc15ce98ddd',
      places: {
        'physicaliqa-train-dev/train.jsonl': 'train.jsonl',
        'physicaliqa-train-dev/train-labels.lst': 'train-labels.lst',
        'physicaliqa-train-dev/dev.jsonl': 'dev.jsonl',
        'physicaliqa-train-dev/dev-labels.lst': 'dev-labels.lst',
      },
    },
  ],
});
