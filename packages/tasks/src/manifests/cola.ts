import type { DatasetManifest } from '../data/manifest.js';

/** A copy of the files of the GLUE release; `rowsSha256` knows the rows in copies with other bytes too. */
export const colaManifest: DatasetManifest = {
  files: [
    {
      path: 'train.tsv',
      bytes: 428590,
      sha256: 'cb368ebeb9f27d7ad03720d27ddc95687a311bdb100781a2fe59a5f5b1bc0624',
    },
    {
      path: 'dev.tsv',
      bytes: 53717,
      sha256: '8c013e21dc39957cac37378d87bebe225b694a0d5fe13eded66c2856628833fd',
    },
  ],
  splits: {
    train: {
      rows: 8551,
      labelCounts: {
        unacceptable: 2528,
        acceptable: 6023,
      },
      rowsSha256: '4e4e3961dff4ac99f21e855ff6e889bc6f619dcfe28a220d9bdca74412616b69',
    },
    dev: {
      rows: 1043,
      labelCounts: {
        unacceptable: 322,
        acceptable: 721,
      },
      rowsSha256: 'ee3b59dff58c2e1e583b7d5a0384051d94780d15acf3af7892d6e685ac2de348',
    },
  },
};
