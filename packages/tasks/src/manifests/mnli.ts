import type { DatasetManifest } from '../data/manifest.js';

/** Rows as their publisher counts them; `rowsSha256` where all of a split was at hand. */
export const mnliManifest: DatasetManifest = {
  files: [],
  splits: {
    train: { rows: 392702 },
    dev_matched: {
      rows: 9815,
      labelCounts: { entailment: 3479, neutral: 3123, contradiction: 3213 },
      rowsSha256: '61260f229cd9152fbb7a0e570569948f0a74084bb9d6478d86db7c769951438e',
    },
    dev_mismatched: { rows: 9832 },
  },
};
