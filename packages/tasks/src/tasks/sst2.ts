import { glueLoader } from '../data/glueLoader.js';
import { sst2Manifest } from '../manifests/sst2.js';
import { defineTask } from '../task/declaration.js';
import { glueArchive, ofHub } from './glue.js';

export const sst2 = defineTask({
  name: 'sst2',
  aliases: ['sst-2'],
  summary: 'sentiment of phrases and sentences of film reviews',
  source: {
    homepage: 'https://nlp.stanford.edu/sentiment/',
    licence: 'not stated by its authors',
    citation: 'Socher et al., EMNLP 2013; GLUE: Wang et al., ICLR 2019',
    notes: 'training rows are phrases, development rows whole sentences',
  },
  kind: 'classification',
  labels: ['negative', 'positive'],
  fields: ['sentence'],
  splits: { train: 'train', report: ['dev'], select: 'dev' },
  metrics: ['accuracy'],
  manifest: sst2Manifest,
  load: glueLoader({
    folder: 'SST-2',
    files: { train: 'train.tsv', dev: 'dev.tsv' },
    layout: { header: true, columns: { text: 'sentence', label: 'label' } },
    label: { spellings: ['0', '1'] },
    hub: ofHub('sst2', 'sentence'),
  }),
  downloads: [
    glueArchive(
      'SST-2',
      'SST-2',
      ['train.tsv', 'dev.tsv'],
      7439277,
      'd67e16fb55739c1b32cdce9877596db1c127dc322d93c082281f64057c16deaa',
    ),
  ],
});
