import type { DatasetManifest } from '../data/manifest.js';

/** A copy of the files of the GLUE release; `rowsSha256` knows the rows in copies with other bytes too. */
export const rteManifest: DatasetManifest = {
  files: [
    {
      path: 'train.tsv',
      bytes: 846226,
      sha256: '41e3a9b063433392343fad9e962cf2f58b681c78d8f71592f4186f0837246c5c',
    },
    {
      path: 'dev.tsv',
      bytes: 90343,
      sha256: '80230dfa1347282e7b532b06a1004a76a710087541189bf874223ddf0e3819fb',
    },
  ],
  splits: {
    train: {
      rows: 2490,
      labelCounts: {
        entailment: 1249,
        not_entailment: 1241,
      },
      rowsSha256: 'a2d2efc4741ada2ae718a0d6e915d80ddab8aa355957e6642de0002cfb1d86c4',
    },
    dev: {
      rows: 277,
      labelCounts: {
        entailment: 146,
        not_entailment: 131,
      },
      rowsSha256: '2b2123d31a49a0a7531086d26c46f09fb73e6f9eb4c0f5a7d77513599c639004',
    },
  },
};
