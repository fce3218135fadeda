import type { DatasetManifest } from '../data/manifest.js';

/** A copy of the files of the GLUE release; `rowsSha256` knows the rows in copies with other bytes too. */
export const sst2Manifest: DatasetManifest = {
  files: [
    {
      path: 'train.tsv',
      bytes: 3806081,
      sha256: '48eac26399f8456935f81dd9e3a745c1430adb6c62e233ccfe22db4a0d15d1d1',
    },
    {
      path: 'dev.tsv',
      bytes: 94931,
      sha256: '54a9c12c77e402fc14d6a66a506f24d999f596b0176eb777c972cccc2f9cc4b0',
    },
  ],
  splits: {
    train: {
      rows: 67349,
      labelCounts: {
        negative: 29780,
        positive: 37569,
      },
      rowsSha256: 'a96af15b5eba5eeccc0d33c43fa151b4f5a2a34c9c7027a9fafdc7da14496c80',
    },
    dev: {
      rows: 872,
      labelCounts: {
        negative: 428,
        positive: 444,
      },
      rowsSha256: '8801af4ad0338e6e2843a8d124c68064d5bdd1a9991f1d0b9d246c44f2b86843',
    },
  },
};
