import type { HostArray } from '@leantune/core';
import { patchGrid, type VitConfig } from './config.js';

/**
 * Cuts images [batch, channels, height, width] into patches [batch, patches, channels · patch height · patch width]:
 * patches row by row, the pixels of each as the weight of a convolution [out, channels, height, width] lists them.
 */
export function cutPatches({ data, shape }: HostArray, config: Pick<VitConfig, 'image' | 'patch'>): HostArray {
  const [batch, channels, height, width] = shape as [number, number, number, number];
  const { patch } = config;
  const { rows, columns } = patchGrid(config);
  const features = channels * patch.height * patch.width;
  const cut = new Float32Array(batch * rows * columns * features);
  let next = 0;
  for (let image = 0; image < batch; image++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        for (let channel = 0; channel < channels; channel++) {
          for (let y = 0; y < patch.height; y++) {
            const line = (image * channels + channel) * height + row * patch.height + y;
            const begin = line * width + column * patch.width;
            cut.set(data.subarray(begin, begin + patch.width), next);
            next += patch.width;
          }
        }
      }
    }
  }
  return { dtype: 'float32', shape: [batch, rows * columns, features], data: cut };
}
