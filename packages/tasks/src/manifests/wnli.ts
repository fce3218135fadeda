import type { DatasetManifest } from '../data/manifest.js';

/** A copy of the published rows; `rowsSha256` knows them in other files too. Splits without it are known by their number. */
export const wnliManifest: DatasetManifest = {
  files: [
    { path: 'train.tsv', bytes: 99411, sha256: '9a88e9d54b6861cc796a088e9acf4f5f65064a9ef65ae6fa7a688b28391e5c9a' },
    { path: 'dev.tsv', bytes: 11261, sha256: 'cba00490596dd14be8cf53b4f53bb744abe3a7b89f81ab210528d80225338ed5' },
  ],
  splits: {
    train: {
      rows: 635,
      labelCounts: { not_entailment: 323, entailment: 312 },
      rowsSha256: 'ecbd0c52900eef45951d23c30cbf2e47d4fc43c6e090cabf216e817e81d68bd4',
    },
    dev: {
      rows: 71,
      labelCounts: { not_entailment: 40, entailment: 31 },
      rowsSha256: '0074072d2381acd8cf7a6922db42f6765578736912f47630417e5af0fc694739',
    },
  },
};
