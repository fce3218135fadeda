import type { DatasetManifest } from '../data/manifest.js';

/** A copy of the files of the GLUE release; `rowsSha256` knows the rows in copies with other bytes too. */
export const stsbManifest: DatasetManifest = {
  files: [
    {
      path: 'train.tsv',
      bytes: 984099,
      sha256: '41c4d978b6162abdcada7e49a982211954cca5459c228db478af333124b257a2',
    },
    {
      path: 'dev.tsv',
      bytes: 276928,
      sha256: 'fe7dc0632a5033562f3cadff991f6e8d9b9b6311861660e78c3c82eb7db67f59',
    },
  ],
  splits: {
    train: {
      rows: 5749,
      rowsSha256: 'dd87102144f3aae81b081312d8b5975fdfd5cf0eac839c736a55e72115e57a8e',
    },
    dev: {
      rows: 1500,
      rowsSha256: 'b6a10079d72023f95dea20233853b88ca882e04b7beb79b9c51d33cb6a55b309',
    },
  },
};
