/** Against Pillow 11.3.0 (`Image.resize`) and transformers 4.57.6 (`ViTImageProcessor`), run on the image below. */
import { ConfigurationError } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import type { ResampleName, RgbImage } from './image.js';
import { parseImageProcessor } from './imageProcessor.js';
import { resize } from './resize.js';

/** Value of a pixel: 37 line + 101 column + 53 channel + 7 line · column, modulo 256. */
function image(height: number, width: number): RgbImage {
  const pixels = new Uint8Array(height * width * 3);
  for (let index = 0; index < pixels.length; index++) {
    const [y, x, channel] = [Math.floor(index / 3 / width), Math.floor(index / 3) % width, index % 3];
    pixels[index] = y * 37 + x * 101 + channel * 53 + 7 * y * x;
  }
  return { height, width, pixels };
}

const resized: [from: [number, number], to: [number, number], resample: ResampleName, pixels: string][] = [
  [
    [3, 4],
    [5, 7],
    'bilinear',
    '00356a24598e5e93c898cd82bff43b669b752f64990f447934699e6fa4d9abad95d3aa507c8d8b467bb0255a8f4c81b689bef3c77cb1f23a6f9e77ac699ed33b70a5639897a3d87f97998182598388996b8cc15c4a7fb473a882b5ea3177ac61386d907aaf3fa3d80d',
  ],
  [
    [3, 4],
    [5, 7],
    'bicubic',
    '002a5f184c8b5a8ecca4e47ec2ff305e99711f529d08386c265f9e6aa2e8bdb996e1b244778a8e3471bf1c51864180b589c6fbd77cb1fa32679a78ad5da7dc356bad639b98ace4759b977f7a4b88889b6693d0514479c376aa81c0f41a70b05b226a9b79b433b2e500',
  ],
  [[7, 5], [3, 4], 'bilinear', '3a6f97a0a796888f7e886b927b96b08b7d6f84766871756ea191748190808b9a8a7b5e6a'],
  [[7, 5], [3, 4], 'bicubic', '2e6996abae9b888f7c87679a7b9cbb887c678075626e7765a48e73808d80909d8e78586c'],
  [
    [6, 6],
    [6, 3],
    'bilinear',
    '487d8e7db287b178ad7283b8b3689d864d8278ad746a9f545b90a1a2699ea0558a9e41765e93a3578c414f844b88bd608da27792598e',
  ],
  [
    [6, 6],
    [6, 3],
    'bicubic',
    '44798f7dba83b573b26d86bbbc689d834a7f7aaf766a9f4b598ea8a26a9fa0558a9e40755e93ac578c384f844c87bf5e8da677935190',
  ],
  [
    [4, 3],
    [9, 3],
    'bilinear',
    '00356a659acfcaff34063b706ca1d6d3dd3d174c8180b5eae98253275c9193c8eff2356a386da2a7dc91974c81487db2bbf0333b6297588dc2cea0384479ae699ed3e2414c5a8fc46fa4d9e91e536398cd',
  ],
  [
    [4, 3],
    [9, 3],
    'bicubic',
    '0032676196cbc5ff2f04396e6a9fd6d2e73914497e7db2f9f77f50275c9193c9f5f82e6a386da2a7ec91973c81487db2bbf62d3562975b90c5d1a229367cb16ba0d5e4374c5b93c872a7dced0a57689dd2',
  ],
];

describe('resize', () => {
  it.each(resized)('%j to %j, %s, gives the bytes of Pillow', (from, to, resample, pixels) => {
    const found = resize(image(...from), ...to, resample);
    expect([found.height, found.width]).toEqual(to);
    expect(Buffer.from(found.pixels).toString('hex')).toBe(pixels);
  });

  it('leaves an image of the wanted size as it is', () => {
    const same = image(4, 5);
    expect(resize(same, 4, 5, 'bilinear').pixels).toBe(same.pixels);
  });
});

/** size 2 × 3, image_mean [0.485, 0.456, 0.406], image_std [0.229, 0.224, 0.225] on the image of 3 × 4. */
const processed = [
  -1.3472901582717896, 0.7933042645454407, -0.16568204760551453, -0.5253018736839294, 0.43368443846702576,
  0.22818739712238312, -0.3200279772281647, 1.0280112028121948, 0.39775919914245605, 0.5203081965446472,
  0.6603642106056213, 0.7829132676124573, 0.8273640275001526, 0.7750764489173889, 0.7053596377372742,
  0.8447932004928589, 0.4090632498264313, -0.026666589081287384,
];

describe('parseImageProcessor', () => {
  const imageNet = { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] };

  it('gives the values of ViTImageProcessor, channels first', () => {
    const json = { size: { height: 2, width: 3 }, ...imageNet };
    const { shape, data } = parseImageProcessor(json, { height: 2, width: 3 }).process([image(3, 4), image(3, 4)]);
    expect(shape).toEqual([2, 3, 2, 3]);
    expect([...data]).toEqual([...processed, ...processed]);
  });

  it('without a file does what ViT does: bytes become -1 to 1', () => {
    const processor = parseImageProcessor({}, { height: 1, width: 2 });
    const pixels = Uint8Array.of(0, 51, 255, 255, 0, 204);
    expect([...processor.process([{ height: 1, width: 2, pixels }]).data]).toEqual(
      [-1, 1, -0.6, -1, 1, 0.6].map((value) => expect.closeTo(value, 6) as number),
    );
  });

  it('leaves out what the file switches off', () => {
    const off = { do_rescale: false, do_normalize: false, size: 1 };
    const one = { height: 1, width: 1, pixels: Uint8Array.of(7, 8, 9) };
    expect([...parseImageProcessor(off, one).process([one]).data]).toEqual([7, 8, 9]);
  });

  it.each([
    [{ size: 3 }, "size: resizes to 3 × 3 pixels (expected 2 × 2, the model's image_size)"],
    [{ size: { shortest_edge: 2 } }, 'size: has the value'],
    [{ resample: 0 }, 'resample: has the value 0 (expected 2 (bilinear) or 3 (bicubic))'],
    [{ image_std: [1, 0, 1] }, 'image_std.1: has the value 0'],
    [{ do_center_crop: true }, 'do_center_crop: crops images'],
  ])('refuses %j', (json, message) => {
    const parse = () => parseImageProcessor(json, { height: 2, width: 2 }, 'preprocessor_config.json');
    expect(parse).toThrow(ConfigurationError);
    expect(parse).toThrow(`preprocessor_config.json: ${message}`);
  });
});
