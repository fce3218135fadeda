import type { DatasetManifest } from '../data/manifest.js';

/** Rows as their publisher counts them; `rowsSha256` where all of a split was at hand. */
export const qnliManifest: DatasetManifest = {
  files: [],
  splits: {
    train: { rows: 104743 },
    dev: {
      rows: 5463,
      labelCounts: { entailment: 2702, not_entailment: 2761 },
      rowsSha256: '837d8f71c100cbd02af84f5b386b5013682d8f08b2e16ee037d739075139a2c6',
    },
  },
};
