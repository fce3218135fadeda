import type { DatasetManifest } from '../data/manifest.js';

/** A copy of the published rows; `rowsSha256` knows them in other files too. Splits without it are known by their number. */
export const arcEasyManifest: DatasetManifest = {
  files: [
    { path: 'train.jsonl', bytes: 873516, sha256: '89e9b10b2ec1c615ca574f1e0932a887fa279bfbeff4a3ae142cacf2379b615f' },
    { path: 'dev.jsonl', bytes: 221745, sha256: '1d54203a8bbdabbf37416124f5a2e571ac7870e29e34aedf335c9b85a2912082' },
    { path: 'test.jsonl', bytes: 944435, sha256: '20817179b5e421a25080df9a4acae73e42dbdd14c4740d1e568729a4d734a981' },
  ],
  splits: {
    train: {
      rows: 2251,
      labelCounts: { A: 523, B: 566, C: 545, D: 513, E: 0 },
      rowsSha256: '0b32729bc259bfacedefbd469e81c384266a3f3156d2e91b69d08c9a34cec863',
    },
    dev: {
      rows: 570,
      labelCounts: { A: 152, B: 145, C: 137, D: 115, E: 0 },
      rowsSha256: '709916c43af2a8b558186994b0aa7a44ee771facdf7e90a166c25dc8e8923e2e',
    },
    test: {
      rows: 2376,
      labelCounts: { A: 565, B: 592, C: 634, D: 585, E: 0 },
      rowsSha256: 'd1aab86e2775a57aacb78929372d185c9d7156139368261001397be223111c27',
    },
  },
};
