import { glueLoader } from '../data/glueLoader.js';
import { mnliManifest } from '../manifests/mnli.js';
import { defineTask } from '../task/declaration.js';
import { glueArchive, ofHub } from './glue.js';

export const mnli = defineTask({
  name: 'mnli',
  summary: 'does a text entail, contradict or leave open a hypothesis?',
  source: {
    homepage: 'https://cims.nyu.edu/~sbowman/multinli/',
    licence: 'OANC, CC BY 3.0 and CC BY-SA 3.0 by genre',
    citation: 'Williams et al., NAACL 2018; GLUE: Wang et al., ICLR 2019',
    notes: 'scores are reported for genres of the training rows (matched) and for others (mismatched)',
  },
  kind: 'classification',
  labels: ['entailment', 'neutral', 'contradiction'],
  fields: ['premise', 'hypothesis'],
  splits: { train: 'train', report: ['dev_matched', 'dev_mismatched'], select: 'dev_matched' },
  metrics: ['accuracy'],
  manifest: mnliManifest,
  load: glueLoader({
    folder: 'MNLI',
    files: { train: 'train.tsv', dev_matched: 'dev_matched.tsv', dev_mismatched: 'dev_mismatched.tsv' },
    layout: { header: true, columns: { text: 'sentence1', pair: 'sentence2', label: 'gold_label' } },
    label: { spellings: ['entailment', 'neutral', 'contradiction'] },
    emptyTexts: true,
    hub: ofHub('mnli', 'premise', 'hypothesis', {
      train: 'train',
      dev_matched: 'validation_matched',
      dev_mismatched: 'validation_mismatched',
    }),
    optional: ['dev_mismatched'],
  }),
  downloads: [
    glueArchive(
      'MNLI',
      'MNLI',
      ['train.tsv', 'dev_matched.tsv', 'dev_mismatched.tsv'],
      312783507,
      'e7c1d896d26ed6caf700110645df426cc2d8ebf02a5ab743d5a5c68ac1c83633',
    ),
  ],
});
