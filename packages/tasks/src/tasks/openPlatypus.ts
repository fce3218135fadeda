import { folderLoader, shards } from '../data/layout.js';
import { jsonLines, parquet } from '../data/records.js';
import { openPlatypusManifest } from '../manifests/openPlatypus.js';
import { defineTask } from '../task/declaration.js';
import { alpacaPrompt, platypusRecord } from './alpacaPrompt.js';

export const openPlatypus = defineTask({
  name: 'open-platypus',
  aliases: ['platypus'],
  summary: 'instructions on science and logic with responses; TokenTune trains Llama on them',
  source: {
    homepage: 'https://huggingface.co/datasets/garage-bAInd/Open-Platypus',
    licence: 'mixed, see the dataset card',
    citation: 'Lee et al., arXiv 2308.07317',
    notes:
      "rows of airoboros and leetcode_ne are not trained on, as in TokenTune's script; no split is published: a fixed 2 % of the rows is held out for the loss",
  },
  kind: 'instruction',
  prompt: alpacaPrompt,
  leftOutSources: ['airoboros', 'leetcode_ne'],
  splits: { train: 'train', report: ['dev'], select: 'dev', heldOut: { split: 'dev', share: 0.02 } },
  metrics: ['loss', 'perplexity'],
  manifest: openPlatypusManifest,
  load: folderLoader({
    folders: ['instruct/open-platypus', 'open-platypus', 'Open-Platypus'],
    splits: {
      train: [
        { files: ['open-platypus.jsonl'], read: jsonLines(platypusRecord) },
        ...shards('train', parquet(platypusRecord)),
      ],
    },
  }),
});
