import type { DatasetManifest } from '../data/manifest.js';

const each = (rows: number) => ({
  airplane: rows,
  automobile: rows,
  bird: rows,
  cat: rows,
  deer: rows,
  dog: rows,
  frog: rows,
  horse: rows,
  ship: rows,
  truck: rows,
});

/** Rows as their publisher counts them: as many of every class. */
export const cifar10Manifest: DatasetManifest = {
  files: [],
  splits: {
    train: { rows: 50000, labelCounts: each(5000) },
    test: { rows: 10000, labelCounts: each(1000) },
  },
};
