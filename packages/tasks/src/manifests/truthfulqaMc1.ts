import type { DatasetManifest } from '../data/manifest.js';

/** A copy of the published rows; `rowsSha256` knows them in other files too. Splits without it are known by their number. */
export const truthfulqaMc1Manifest: DatasetManifest = {
  files: [
    { path: 'mc_task.json', bytes: 755456, sha256: 'b3799639bc76c939836d587de7d30b48d91012cb34be04806d33106ce06c162a' },
  ],
  splits: {
    dev: {
      rows: 817,
      rowsSha256: '386afdaa77c34a02efe9d978d7f97b423e71c8976d0ad229bdc5ddf93eaf686e',
    },
  },
};
