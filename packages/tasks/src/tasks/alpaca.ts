import { folderLoader, shards } from '../data/layout.js';
import { jsonList, parquet } from '../data/records.js';
import { alpacaManifest } from '../manifests/alpaca.js';
import { defineTask } from '../task/declaration.js';
import { alpacaPrompt, instructionRecord } from './alpacaPrompt.js';

export const alpaca = defineTask({
  name: 'alpaca',
  aliases: ['alpaca-en'],
  summary: '52,000 instructions with responses',
  source: {
    homepage: 'https://github.com/tatsu-lab/stanford_alpaca',
    licence: 'CC BY-NC 4.0',
    citation: 'Taori et al., 2023',
    notes: 'no split is published: a fixed 2 % of the rows is held out for the loss',
  },
  kind: 'instruction',
  prompt: alpacaPrompt,
  splits: { train: 'train', report: ['dev'], select: 'dev', heldOut: { split: 'dev', share: 0.02 } },
  metrics: ['loss', 'perplexity'],
  manifest: alpacaManifest,
  load: folderLoader({
    folders: ['instruct', 'instruct/alpaca', 'alpaca'],
    splits: {
      train: [
        { files: ['alpaca_data.json'], read: jsonList(instructionRecord) },
        { files: ['alpaca_en_demo.json'], read: jsonList(instructionRecord) },
        ...shards('train', parquet(instructionRecord)),
      ],
    },
  }),
});
