import { glueLoader } from '../data/glueLoader.js';
import { mrpcManifest } from '../manifests/mrpc.js';
import { defineTask } from '../task/declaration.js';
import { ofHub } from './glue.js';

export const mrpc = defineTask({
  name: 'mrpc',
  summary: 'do two sentences from news say the same?',
  source: {
    homepage: 'https://www.microsoft.com/en-us/download/details.aspx?id=52398',
    licence: 'Microsoft Research licence: research use only',
    citation: 'Dolan and Brockett, IWP 2005; GLUE: Wang et al., ICLR 2019',
    notes: 'the published development file starts with a byte order mark and has quotation marks without a partner',
  },
  kind: 'classification',
  labels: ['not_equivalent', 'equivalent'],
  fields: ['sentence1', 'sentence2'],
  splits: { train: 'train', report: ['dev'], select: 'dev' },
  metrics: ['accuracy', 'f1', 'accuracyF1Mean'],
  manifest: mrpcManifest,
  load: glueLoader({
    folder: 'MRPC',
    files: { train: 'train.tsv', dev: 'dev.tsv' },
    layout: { header: true, columns: { text: '#1 String', pair: '#2 String', label: 'Quality' } },
    label: { spellings: ['0', '1'] },
    hub: ofHub('mrpc', 'sentence1', 'sentence2'),
  }),
});
