import type { DatasetManifest } from '../data/manifest.js';

/** A copy of the published rows; `rowsSha256` knows them in other files too. Splits without it are known by their number. */
export const arcChallengeManifest: DatasetManifest = {
  files: [
    { path: 'train.jsonl', bytes: 480883, sha256: 'e32ab43ba041578ece4ef93be24c0ff94c9f9572fc12203c98628beff483ba83' },
    { path: 'dev.jsonl', bytes: 131107, sha256: '2269406929cd485b96f54963ad2026350b52e5cd123710f3b27fb8784b36270c' },
    { path: 'test.jsonl', bytes: 516870, sha256: '4e26f8c8c3727f84d55efe79bf98cd8a814be1d2a4c0309dd9d442e4d277d97a' },
  ],
  splits: {
    train: {
      rows: 1119,
      labelCounts: { A: 233, B: 293, C: 287, D: 283, E: 0 },
      rowsSha256: '0ef058b9eb036186ddc0f54b1cc3871e9bd7af2e7cc953cb137de810eef69d85',
    },
    dev: {
      rows: 299,
      labelCounts: { A: 62, B: 72, C: 78, D: 82, E: 0 },
      rowsSha256: '4ac3c49af9cac3369dc26ae82888f2ea82034ad0d9b3e40defa03442e7d408a8',
    },
    test: {
      rows: 1172,
      labelCounts: { A: 266, B: 311, C: 310, D: 285, E: 0 },
      rowsSha256: '25648c84a4b79e3d70aad65e333cf4bfa17380377bb025ec1865a1b76c5e151a',
    },
  },
};
