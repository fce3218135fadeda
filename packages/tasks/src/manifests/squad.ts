import type { DatasetManifest } from '../data/manifest.js';

/** A copy of the published rows; `rowsSha256` knows them in other files too. Splits without it are known by their number. */
export const squadManifest: DatasetManifest = {
  files: [
    {
      path: 'dev-v1.1.json',
      bytes: 4854279,
      sha256: '95aa6a52d5d6a735563366753ca50492a658031da74f301ac5238b03966972c9',
    },
  ],
  splits: {
    train: { rows: 87599 },
    dev: {
      rows: 10570,
      rowsSha256: 'f2d1b39f04543d9449be4e605f32492eea30a2f51318edda93ade3df6d70e6c8',
    },
  },
};
