import { glueLoader } from '../data/glueLoader.js';
import { qqpManifest } from '../manifests/qqp.js';
import { defineTask } from '../task/declaration.js';
import { glueArchive, ofHub } from './glue.js';

export const qqp = defineTask({
  name: 'qqp',
  summary: 'do two questions of Quora ask the same?',
  source: {
    homepage: 'https://quoradata.quora.com/First-Quora-Dataset-Release-Question-Pairs',
    licence: 'non-commercial use (Quora terms of service)',
    citation: 'Iyer et al., 2017; GLUE: Wang et al., ICLR 2019',
  },
  kind: 'classification',
  labels: ['not_duplicate', 'duplicate'],
  fields: ['question1', 'question2'],
  splits: { train: 'train', report: ['dev'], select: 'dev' },
  metrics: ['accuracy', 'f1', 'accuracyF1Mean'],
  manifest: qqpManifest,
  load: glueLoader({
    folder: 'QQP',
    files: { train: 'train.tsv', dev: 'dev.tsv' },
    layout: { header: true, columns: { text: 'question1', pair: 'question2', label: 'is_duplicate' } },
    label: { spellings: ['0', '1'] },
    emptyTexts: true,
    hub: ofHub('qqp', 'question1', 'question2'),
  }),
  downloads: [
    glueArchive(
      'QQP',
      'QQP',
      ['train.tsv', 'dev.tsv'],
      60534884,
      '67cb8f5fe66c90a0bc1bf5792e3924f63008b064ab7a473736c919d20bb140ad',
    ),
  ],
});
