import { glueLoader } from '../data/glueLoader.js';
import { colaManifest } from '../manifests/cola.js';
import { defineTask } from '../task/declaration.js';
import { glueArchive, ofHub } from './glue.js';

export const cola = defineTask({
  name: 'cola',
  summary: 'is an English sentence acceptable to a linguist?',
  source: {
    homepage: 'https://nyu-mll.github.io/CoLA/',
    licence: 'not stated; texts from published linguistics literature',
    citation: 'Warstadt et al., TACL 2019; GLUE: Wang et al., ICLR 2019',
    notes: 'the published files have no header: source, label, original mark, sentence',
  },
  kind: 'classification',
  labels: ['unacceptable', 'acceptable'],
  fields: ['sentence'],
  splits: { train: 'train', report: ['dev'], select: 'dev' },
  metrics: ['matthews', 'accuracy'],
  manifest: colaManifest,
  load: glueLoader({
    folder: 'CoLA',
    files: { train: 'train.tsv', dev: 'dev.tsv' },
    layout: { header: false, columnCount: 4, columns: { label: 1, text: 3 } },
    label: { spellings: ['0', '1'] },
    hub: ofHub('cola', 'sentence'),
  }),
  downloads: [
    glueArchive(
      'CoLA',
      'CoLA',
      ['train.tsv', 'dev.tsv'],
      376971,
      'f212fcd832b8f7b435fb991f101abf89f96b933ab400603bf198960dfc32cbff',
    ),
  ],
});
