/** From images to what a vision transformer reads, as transformers' `ViTImageProcessor`. */
import { ConfigurationError, type HostArray } from '@leantune/core';
import { z } from 'zod';
import { parseConfig, positive, size } from '../config/parseConfig.js';
import { cropIsNotRead, processedSizeDiffers } from '../messages.js';
import type { ResampleName, RgbImage } from './image.js';
import { resize } from './resize.js';

const CHANNELS = 3;
const threeNumbers = z.tuple([z.number(), z.number(), z.number()]);
const threePositive = z.tuple([positive, positive, positive]);

/** Pillow's numbers of its filters. */
const resampleNames: Readonly<Record<number, ResampleName>> = { 2: 'bilinear', 3: 'bicubic' };

/** `preprocessor_config.json`; defaults are those of `transformers.ViTImageProcessor`. */
const processorFile = z.looseObject({
  size: z
    .union([size, z.looseObject({ height: size, width: size })], { error: 'a number of pixels, or height and width' })
    .optional(),
  resample: z.union([z.literal(2), z.literal(3)], { error: '2 (bilinear) or 3 (bicubic)' }).default(2),
  do_rescale: z.boolean().default(true),
  rescale_factor: positive.default(1 / 255),
  do_normalize: z.boolean().default(true),
  image_mean: threeNumbers.default([0.5, 0.5, 0.5]),
  image_std: threePositive.default([0.5, 0.5, 0.5]),
  do_center_crop: z.boolean().default(false),
});

/** Makes batches of images of any sizes. */
export class ImageProcessor {
  private readonly means: readonly number[];
  private readonly deviations: readonly number[];

  constructor(
    /** Pixels that the model reads. */
    readonly height: number,
    readonly width: number,
    private readonly settings: Pick<z.output<typeof processorFile>, 'resample' | 'image_mean' | 'image_std'> & {
      /** Factor of a byte. */
      readonly scale: number;
    },
  ) {
    this.means = settings.image_mean;
    this.deviations = settings.image_std;
  }

  /** `pixelValues` [images, 3, height, width], float32: resized, rescaled, normalised channel by channel. */
  process(images: readonly RgbImage[]): HostArray {
    const { height, width, settings } = this;
    const plane = height * width;
    const data = new Float32Array(images.length * CHANNELS * plane);
    images.forEach((image, index) => {
      const { pixels } = resize(image, height, width, resampleNames[settings.resample]!);
      for (let channel = 0; channel < CHANNELS; channel++) {
        const mean = Math.fround(this.means[channel]!);
        const deviation = Math.fround(this.deviations[channel]!);
        const start = (index * CHANNELS + channel) * plane;
        for (let pixel = 0; pixel < plane; pixel++) {
          // In float32 step by step, as numpy computes it.
          const scaled = Math.fround(pixels[pixel * CHANNELS + channel]! * settings.scale);
          data[start + pixel] = Math.fround(scaled - mean) / deviation;
        }
      }
    });
    return { dtype: 'float32', shape: [images.length, CHANNELS, height, width], data };
  }
}

/**
 * Reads the content of a `preprocessor_config.json` for a model of images of `height` × `width` pixels; without any, what
 * ViT does.
 * @throws ConfigurationError naming every key that is wrong, a size other than the model's, and steps that are not computed
 */
export function parseImageProcessor(
  json: unknown,
  { height, width }: { readonly height: number; readonly width: number },
  file?: string,
): ImageProcessor {
  const found = parseConfig(processorFile, json, file);
  const reject = (key: string, message: string, expected: string): never => {
    throw new ConfigurationError([{ ...(file === undefined ? {} : { file }), key, message, expected }]);
  };
  const own = typeof found.size === 'number' ? { height: found.size, width: found.size } : found.size;
  if (own !== undefined && (own.height !== height || own.width !== width)) {
    reject('size', processedSizeDiffers(own), `${height} × ${width}, the model's image_size`);
  }
  if (found.do_center_crop) reject('do_center_crop', cropIsNotRead(), 'false');
  return new ImageProcessor(height, width, {
    resample: found.resample,
    scale: found.do_rescale ? found.rescale_factor : 1,
    image_mean: found.do_normalize ? found.image_mean : [0, 0, 0],
    image_std: found.do_normalize ? found.image_std : [1, 1, 1],
  });
}
