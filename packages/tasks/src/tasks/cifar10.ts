import { cifarArchive, cifarBatch, cifarFolder } from '../data/images/cifarBinary.js';
import { hubImages } from '../data/images/hubImages.js';
import { folderLoader, shards } from '../data/layout.js';
import { cifar10Manifest } from '../manifests/cifar10.js';
import { defineTask } from '../task/declaration.js';

const labels = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
const ofHub = hubImages({ field: 'img', classes: labels.length, size: { height: 32, width: 32 } });
const archive = 'cifar-10-binary.tar.gz';
const trainBatches = [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`);
const testBatches = ['test_batch.bin'];

export const cifar10 = defineTask({
  name: 'cifar10',
  aliases: ['cifar-10'],
  summary: 'small photographs of ten kinds of animals and vehicles (CIFAR-10)',
  source: {
    homepage: 'https://www.cs.toronto.edu/~kriz/cifar.html',
    licence: 'none stated',
    citation: 'Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009',
    notes: 'a fixed 2 % of the training rows is held out to select by; scores are on the published test rows',
  },
  kind: 'image-classification',
  labels,
  splits: { train: 'train', report: ['test'], select: 'dev', heldOut: { split: 'dev', share: 0.02 } },
  metrics: ['accuracy'],
  manifest: cifar10Manifest,
  load: folderLoader({
    folders: ['images/cifar10', 'cifar10', cifarFolder, 'uoft-cs/cifar10'],
    splits: {
      train: [
        { files: trainBatches, read: cifarBatch },
        { folder: cifarFolder, files: trainBatches, read: cifarBatch },
        { files: [archive], read: cifarArchive(trainBatches) },
        ...shards('train', ofHub, ['plain_text']),
      ],
      test: [
        { files: testBatches, read: cifarBatch },
        { folder: cifarFolder, files: testBatches, read: cifarBatch },
        { files: [archive], read: cifarArchive(testBatches) },
        ...shards('test', ofHub, ['plain_text']),
      ],
    },
  }),
  downloads: [
    {
      url: `https://www.cs.toronto.edu/~kriz/${archive}`,
      bytes: 170052171,
      // As TensorFlow Datasets records it.
      sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
      places: Object.fromEntries([...trainBatches, ...testBatches].map((batch) => [`${cifarFolder}/${batch}`, batch])),
    },
  ],
});
