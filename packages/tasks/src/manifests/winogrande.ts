import type { DatasetManifest } from '../data/manifest.js';

/** A copy of the published rows; `rowsSha256` knows them in other files too. Splits without it are known by their number. */
export const winograndeManifest: DatasetManifest = {
  files: [
    {
      path: 'train_m.jsonl',
      bytes: 554107,
      sha256: 'b02e7d92b5e44147ee4d1879fbf0e484510053f06c50a6fa6400265058f3ed42',
    },
    {
      path: 'train_s.jsonl',
      bytes: 138624,
      sha256: '959778b5a77819891ba9cbfc591925e94c853c6de3019992e292765176c69daf',
    },
    { path: 'dev.jsonl', bytes: 275682, sha256: '1aeac79cf46a3dcbe59a71ca7e5372a1490cde2b4ae2387dc56f00378104d2e8' },
  ],
  splits: {
    train_xl: { rows: 40398 },
    train_l: { rows: 10234 },
    train_m: {
      rows: 2558,
      labelCounts: { '1': 1279, '2': 1279 },
      rowsSha256: '5cae0f3f7311c5f35330727198d961a113b9fcf9e19b96e1cc0d2aea3afbb9cd',
    },
    train_s: {
      rows: 640,
      labelCounts: { '1': 320, '2': 320 },
      rowsSha256: 'd9efd60b95a23a2fc1c21d533324be5851534cf67df075c7d50d7f1d69aea487',
    },
    train_xs: { rows: 160 },
    dev: {
      rows: 1267,
      labelCounts: { '1': 628, '2': 639 },
      rowsSha256: 'a3fe1abbb371cb1b9297ed03e5a5036e156accff8e228af3eedc78fd717f8bcf',
    },
  },
};
