import type { DatasetManifest } from '../data/manifest.js';

/** A copy of the files of the GLUE release; `rowsSha256` knows the rows in copies with other bytes too. */
export const mrpcManifest: DatasetManifest = {
  files: [
    {
      path: 'train.tsv',
      bytes: 941468,
      sha256: '15d9c71e62d662b1cc9237e2015047cad4c1f62552d49858a9bce2b944d79897',
    },
    {
      path: 'dev.tsv',
      bytes: 105616,
      sha256: '9e8f284788040f7c9ecde2e1b3c07237c756f926bd9ef8548ef5d34b56f69f17',
    },
  ],
  splits: {
    train: {
      rows: 3668,
      labelCounts: {
        not_equivalent: 1194,
        equivalent: 2474,
      },
      rowsSha256: '678a07cc08a2f7d570a62132414cf1ea13b9b696715ed753fb292ea0bc69088e',
    },
    dev: {
      rows: 408,
      labelCounts: {
        not_equivalent: 129,
        equivalent: 279,
      },
      rowsSha256: '7b3e837ce8574ad8edaff3a4f03111918c673913dc3a334e9d67c4c3df420626',
    },
  },
};
