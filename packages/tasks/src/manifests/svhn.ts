import type { DatasetManifest } from '../data/manifest.js';

const counts = (...rows: readonly number[]) => Object.fromEntries(rows.map((count, digit) => [String(digit), count]));

/** Rows as their publisher counts them. */
export const svhnManifest: DatasetManifest = {
  files: [],
  splits: {
    train: { rows: 73257, labelCounts: counts(4948, 13861, 10585, 8497, 7458, 6882, 5727, 5595, 5045, 4659) },
    test: { rows: 26032, labelCounts: counts(1744, 5099, 4149, 2882, 2523, 2384, 1977, 2019, 1660, 1595) },
  },
};
