import { glueLoader } from '../data/glueLoader.js';
import { rteManifest } from '../manifests/rte.js';
import { defineTask } from '../task/declaration.js';
import { glueArchive, ofHub } from './glue.js';

export const rte = defineTask({
  name: 'rte',
  summary: 'does the first text entail the second?',
  source: {
    homepage: 'https://aclweb.org/aclwiki/Recognizing_Textual_Entailment',
    licence: 'not stated by its authors',
    citation:
      'Dagan et al. 2006, Bar-Haim et al. 2006, Giampiccolo et al. 2007, Bentivogli et al. 2009; GLUE: Wang et al., ICLR 2019',
    notes: '277 development rows: the standard error of an accuracy is about 3 points',
  },
  kind: 'classification',
  labels: ['entailment', 'not_entailment'],
  fields: ['sentence1', 'sentence2'],
  splits: { train: 'train', report: ['dev'], select: 'dev' },
  metrics: ['accuracy'],
  manifest: rteManifest,
  load: glueLoader({
    folder: 'RTE',
    files: { train: 'train.tsv', dev: 'dev.tsv' },
    layout: { header: true, columns: { text: 'sentence1', pair: 'sentence2', label: 'label' } },
    label: { spellings: ['entailment', 'not_entailment'] },
    hub: ofHub('rte', 'sentence1', 'sentence2'),
  }),
  downloads: [
    glueArchive(
      'RTE',
      'RTE',
      ['train.tsv', 'dev.tsv'],
      697150,
      '6bf86de103ecd335f3441bd43574d23fef87ecc695977a63b82d5efb206556ee',
    ),
  ],
});
