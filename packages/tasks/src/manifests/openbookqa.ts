import type { DatasetManifest } from '../data/manifest.js';

/** A copy of the published rows; `rowsSha256` knows them in other files too. Splits without it are known by their number. */
export const openbookqaManifest: DatasetManifest = {
  files: [
    { path: 'train.jsonl', bytes: 1505097, sha256: '388ce25926fa33b573ba6556d7245a6185f612dedf919871b6acb9340c8497a5' },
    { path: 'dev.jsonl', bytes: 156928, sha256: 'a08f720be757a0f0b6aaf8e1e1162c2b05a882c9c031d2559ba3d5467d023466' },
    { path: 'test.jsonl', bytes: 153259, sha256: 'feb2bd9bfa6161dca4c44ce90e51e8cdada83eb5061407fcdc5005e44aaf2313' },
  ],
  splits: {
    train: {
      rows: 4957,
      labelCounts: { A: 1378, B: 1212, C: 1146, D: 1221 },
      rowsSha256: 'b87e6fcfe41c24a13be791033657660e2e6e3df73bdedf25e98fa197940637b6',
    },
    dev: {
      rows: 500,
      labelCounts: { A: 126, B: 138, C: 110, D: 126 },
      rowsSha256: 'b8714c5173067eacf8cd623f69204d64bd28d5cc9575ace021351db1ee5472f4',
    },
    test: {
      rows: 500,
      labelCounts: { A: 138, B: 126, C: 132, D: 104 },
      rowsSha256: '72e018fcf65341b46b8e49b1b66fad502dcea8d78c8b66abd311c16ede70243c',
    },
  },
};
