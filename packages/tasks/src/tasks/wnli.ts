import { glueLoader } from '../data/glueLoader.js';
import { wnliManifest } from '../manifests/wnli.js';
import { defineTask } from '../task/declaration.js';
import { glueArchive, ofHub } from './glue.js';

export const wnli = defineTask({
  name: 'wnli',
  summary: 'does a sentence still hold when its pronoun is replaced?',
  source: {
    homepage: 'https://cs.nyu.edu/faculty/davise/papers/WinogradSchemas/WS.html',
    licence: 'CC BY 4.0',
    citation: 'Levesque et al., KR 2012; GLUE: Wang et al., ICLR 2019',
    notes:
      'most development rows repeat training sentences with the other label: a model that learns the training rows falls below chance',
  },
  kind: 'classification',
  labels: ['not_entailment', 'entailment'],
  fields: ['sentence1', 'sentence2'],
  splits: { train: 'train', report: ['dev'], select: 'dev' },
  metrics: ['accuracy'],
  manifest: wnliManifest,
  load: glueLoader({
    folder: 'WNLI',
    files: { train: 'train.tsv', dev: 'dev.tsv' },
    layout: { header: true, columns: { text: 'sentence1', pair: 'sentence2', label: 'label' } },
    label: { spellings: ['0', '1'] },
    hub: ofHub('wnli', 'sentence1', 'sentence2'),
  }),
  downloads: [
    glueArchive(
      'WNLI',
      'WNLI',
      ['train.tsv', 'dev.tsv'],
      28999,
      'ae0e8e4d16f4d46d4a0a566ec7ecceccfd3fbfaa4a7a4b4e02848c0f2561ac46',
    ),
  ],
});
