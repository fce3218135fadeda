import type { DatasetManifest } from '../data/manifest.js';

/** A copy of the published rows; `rowsSha256` knows them in other files too. Splits without it are known by their number. */
export const hellaswagManifest: DatasetManifest = {
  files: [
    {
      path: 'validation.jsonl',
      bytes: 8387623,
      sha256: 'e14ce0e8b5844b411034c25345a5f373a7e7e8a2af70d30e2ae9190682cfeb1a',
    },
  ],
  splits: {
    train: { rows: 39905 },
    dev: {
      rows: 10042,
      labelCounts: { '0': 2515, '1': 2485, '2': 2584, '3': 2458 },
      rowsSha256: '8c8c8709e65ebe02a65c039da582fdf5b64ef2d76a3515c968f5656293513a1d',
    },
  },
};
