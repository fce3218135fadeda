import { folderLoader, shards, type FileReader } from '../data/layout.js';
import type { DocumentRow } from '../data/dataset.js';
import { readLineBlocks } from '../data/readers/lines.js';
import { parquet, type RecordLayout } from '../data/records.js';
import { tinystoriesManifest } from '../manifests/tinystories.js';
import { defineTask } from '../task/declaration.js';
import { z } from 'zod';

const END = '<|endoftext|>';

/** Stories with a line that ends each. */
const stories: FileReader<DocumentRow> = async (file, keep) => {
  let lines: string[] = [];
  const finish = () => {
    const document = lines.join('\n').trim();
    if (document !== '') keep({ document });
    lines = [];
  };
  const digest = await readLineBlocks(file, ({ text, firstLine, endsWithLineFeed }) => {
    const block = (firstLine === 1 ? text.replace(/^\uFEFF/, '') : text).split('\n');
    if (endsWithLineFeed) block.pop();
    for (const line of block) {
      const content = line.replace(/\r$/, '');
      if (content.trim() === END) finish();
      else lines.push(content);
    }
    return block.length;
  });
  finish();
  return digest;
};

const record = z.looseObject({ text: z.string() });
const ofHub: RecordLayout<z.infer<typeof record>, DocumentRow> = {
  schema: record,
  toRow: ({ text }) => ({ document: text.trim() }),
};

export const tinystories = defineTask({
  name: 'tinystories',
  summary: 'short stories in the words of small children, to model the language of',
  source: {
    homepage: 'https://huggingface.co/datasets/roneneldan/TinyStories',
    licence: 'CDLA-Sharing-1.0',
    citation: 'Eldan and Li, arXiv 2305.07759',
    notes: 'where there is one file only, a fixed 2 % of its stories is held out for the score',
  },
  kind: 'language-modelling',
  splits: { train: 'train', report: ['dev'], select: 'dev', heldOut: { split: 'dev', share: 0.02 } },
  metrics: ['loss', 'perplexity'],
  manifest: tinystoriesManifest,
  load: folderLoader({
    folders: ['text', 'text/tinystories', 'tinystories', 'TinyStories'],
    splits: {
      train: [
        { files: ['TinyStories-train.txt'], read: stories },
        { files: ['tinystories.txt'], read: stories },
        ...shards('train', parquet(ofHub)),
      ],
      dev: [{ files: ['TinyStories-valid.txt'], read: stories }, ...shards('validation', parquet(ofHub))],
    },
    optional: ['dev'],
  }),
});
