import { glueLoader } from '../data/glueLoader.js';
import { qnliManifest } from '../manifests/qnli.js';
import { defineTask } from '../task/declaration.js';
import { glueArchive, ofHub } from './glue.js';

export const qnli = defineTask({
  name: 'qnli',
  summary: 'does a sentence answer the question?',
  source: {
    homepage: 'https://rajpurkar.github.io/SQuAD-explorer/',
    licence: 'CC BY-SA 4.0',
    citation: 'Rajpurkar et al., EMNLP 2016; GLUE: Wang et al., ICLR 2019',
  },
  kind: 'classification',
  labels: ['entailment', 'not_entailment'],
  fields: ['question', 'sentence'],
  splits: { train: 'train', report: ['dev'], select: 'dev' },
  metrics: ['accuracy'],
  manifest: qnliManifest,
  load: glueLoader({
    folder: 'QNLI',
    files: { train: 'train.tsv', dev: 'dev.tsv' },
    layout: { header: true, columns: { text: 'question', pair: 'sentence', label: 'label' } },
    label: { spellings: ['entailment', 'not_entailment'] },
    emptyTexts: true,
    hub: ofHub('qnli', 'question', 'sentence'),
  }),
  downloads: [
    glueArchive(
      'QNLIv2',
      'QNLI',
      ['train.tsv', 'dev.tsv'],
      10627589,
      'e634e78627a29adaecd4f955359b22bf5e70f2cbd93b493f2d624138a0c0e5f5',
    ),
  ],
});
