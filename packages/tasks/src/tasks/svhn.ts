import { hubImages } from '../data/images/hubImages.js';
import { folderLoader, shards } from '../data/layout.js';
import { svhnManifest } from '../manifests/svhn.js';
import { defineTask } from '../task/declaration.js';

const labels = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
const ofHub = hubImages({ field: 'image', classes: labels.length, size: { height: 32, width: 32 } });

export const svhn = defineTask({
  name: 'svhn',
  summary: 'which digit is in the middle of a piece of a house number (SVHN, cropped digits)',
  source: {
    homepage: 'http://ufldl.stanford.edu/housenumbers/',
    licence: 'for non-commercial use only',
    citation: 'Netzer et al., NIPS Workshop on Deep Learning and Unsupervised Feature Learning 2011',
    notes:
      "read from the hub's Parquet files (ufldl-stanford/svhn), where digit 0 is class 0; the publisher's MATLAB files are not read, the extra split is not used; a fixed 2 % of the training rows is held out to select by, scores are on the published test rows",
  },
  kind: 'image-classification',
  labels,
  splits: { train: 'train', report: ['test'], select: 'dev', heldOut: { split: 'dev', share: 0.02 } },
  metrics: ['accuracy'],
  manifest: svhnManifest,
  load: folderLoader({
    folders: ['images/svhn', 'svhn', 'ufldl-stanford/svhn'],
    splits: {
      train: shards('train', ofHub, ['cropped_digits']),
      test: shards('test', ofHub, ['cropped_digits']),
    },
  }),
});
