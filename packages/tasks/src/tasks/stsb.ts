import { glueLoader } from '../data/glueLoader.js';
import { stsbManifest } from '../manifests/stsb.js';
import { defineTask } from '../task/declaration.js';
import { glueArchive, ofHub } from './glue.js';

const SIMILARITY = { minimum: 0, maximum: 5 };

export const stsb = defineTask({
  name: 'stsb',
  aliases: ['sts-b'],
  summary: 'how alike in meaning are two sentences, from 0 to 5?',
  source: {
    homepage: 'http://ixa2.si.ehu.eus/stswiki/index.php/STSbenchmark',
    licence: 'mixed, see LICENSE.txt of the published folder',
    citation: 'Cer et al., SemEval 2017; GLUE: Wang et al., ICLR 2019',
    notes: 'quotation marks without a partner are part of the texts',
  },
  kind: 'regression',
  target: SIMILARITY,
  fields: ['sentence1', 'sentence2'],
  splits: { train: 'train', report: ['dev'], select: 'dev' },
  metrics: ['pearson', 'spearman', 'pearsonSpearmanMean'],
  manifest: stsbManifest,
  load: glueLoader({
    folder: 'STS-B',
    files: { train: 'train.tsv', dev: 'dev.tsv' },
    layout: { header: true, columns: { text: 'sentence1', pair: 'sentence2', label: 'score' } },
    label: SIMILARITY,
    hub: ofHub('stsb', 'sentence1', 'sentence2'),
  }),
  downloads: [
    glueArchive(
      'STS-B',
      'STS-B',
      ['train.tsv', 'dev.tsv'],
      802872,
      'e60a6393de5a8b5b9bac5020a1554b54e3691f9d600b775bd131e613ac179c85',
    ),
  ],
});
