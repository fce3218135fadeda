import type { DatasetManifest } from '../data/manifest.js';

/** A copy of the published rows; `rowsSha256` knows them in other files too. Splits without it are known by their number. */
export const sciqManifest: DatasetManifest = {
  files: [
    { path: 'train.jsonl', bytes: 2681555, sha256: '3a84ab683430c6b5a57e59370cfc957e14b50b0186e4b462d1d41708c532bde8' },
    {
      path: 'validation.jsonl',
      bytes: 641233,
      sha256: 'c959ce80595c8e4e49a27c84d92b680f83dfe0407002cfad363eb7ff529cf44f',
    },
    { path: 'test.jsonl', bytes: 651001, sha256: '05e3ee38302b9ce6eeb7828abede7c221ddff67de039232548df7aa56d4345a5' },
  ],
  splits: {
    train: {
      rows: 11679,
      rowsSha256: '47d7f8e0bd02a245a17852d5f4bfe267e7745708f6d2502dd4338b5c19e3c035',
    },
    dev: {
      rows: 1000,
      rowsSha256: '88d245c604761dc89ed1ef85dc5ad2e6fd0201d94ebb479099fbde20bf5d8726',
    },
    test: {
      rows: 1000,
      rowsSha256: '3d33129130a8b07d9d10df9b6a3aa1d41131d055d0f73d3436e92cb4a4873017',
    },
  },
};
