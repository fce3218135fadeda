import type { DatasetManifest } from '../data/manifest.js';

/** A copy of the published rows; `rowsSha256` knows them in other files too. Splits without it are known by their number. */
export const piqaManifest: DatasetManifest = {
  files: [
    { path: 'valid.jsonl', bytes: 495929, sha256: '93503cc97c679e459b065c3d13e848282e44b2a25213985bed3e5d458abef72d' },
    {
      path: 'valid-labels.lst',
      bytes: 3676,
      sha256: 'b4192dc3a2a0363d9d60ccf79800cbbe2f32ebb17726efdde6970e0b8131bceb',
    },
  ],
  splits: {
    train: { rows: 16113 },
    dev: {
      rows: 1838,
      labelCounts: { sol1: 910, sol2: 928 },
      rowsSha256: '18d33904dfeda652cd1bf01222c9e3b0e851b02f7c1688ad722ad571f655f0b5',
    },
  },
};
