/** PNG images → bytes of red, green and blue, as Pillow's `convert("RGB")` gives them: transparency is left out. */
import { LeantuneError } from '@leantune/core';
import type { RgbImage } from '@leantune/models';
import { convertIndexedToRgb, decode, hasPngSignature, type DecodedPng } from 'fast-png';
import { messages } from '../../messages.js';

/** Height and width in pixels. */
export type ImageSize = Pick<RgbImage, 'height' | 'width'>;

/** No data set of classes has larger images; a damaged header may say anything. */
const MOST_PIXELS = 1 << 26;
/** Where the header has the width, and after it the height, as 32-bit integers. */
const WIDTH_OFFSET = 16;
const HEADER_BYTES = 33;

/**
 * @param size what every image of the data set has; absent: any
 * @param reject told what is wrong: no PNG, damaged (every checksum is compared), cut off, of another size, of 16 bits
 */
export function decodePng(
  bytes: Uint8Array,
  size: ImageSize | undefined,
  reject: (problem: string) => never,
): RgbImage {
  if (bytes.length < HEADER_BYTES || !hasPngSignature(bytes)) return reject(messages.noPng());
  const header = new DataView(bytes.buffer, bytes.byteOffset + WIDTH_OFFSET, 8);
  const found = { width: header.getUint32(0), height: header.getUint32(4) };
  if (size !== undefined && (found.width !== size.width || found.height !== size.height)) {
    return reject(messages.imageSize(found, size));
  }
  if (found.width * found.height > MOST_PIXELS) return reject(messages.imageTooLarge(found, MOST_PIXELS));
  try {
    return { ...found, pixels: rgbOf(decode(bytes, { checkCrc: true }), reject) };
  } catch (error) {
    if (error instanceof LeantuneError) throw error;
    return reject(messages.damagedPng((error as Error).message));
  }
}

function rgbOf(png: DecodedPng, reject: (problem: string) => never): Uint8Array {
  const { width, height, depth } = png;
  if (depth > 8) return reject(messages.pngDepth(depth));
  const colours = coloursOf(png);
  // One or two channels are grey, without or with transparency.
  const channels = colours === undefined ? png.channels : 3;
  const data = colours === undefined ? png.data : convertIndexedToRgb({ ...png, palette: colours });
  const expected = width * height * channels;
  if (data.length !== expected) return reject(messages.damagedPng(messages.pixelBytes(data.length, expected)));
  if (channels === 3) return Uint8Array.from(data);
  return Uint8Array.from({ length: width * height * 3 }, (_, index) => {
    const colour = channels < 3 ? 0 : index % 3;
    return data[Math.floor(index / 3) * channels + colour]!;
  });
}

/** Those of a palette; of fewer than 8 bits also the grey values, since they are packed in the same way. */
function coloursOf({ palette, depth }: DecodedPng): NonNullable<DecodedPng['palette']> | undefined {
  if (palette !== undefined) return palette.map((colour) => colour.slice(0, 3));
  if (depth >= 8) return undefined;
  const most = 2 ** depth - 1;
  return Array.from({ length: most + 1 }, (_, value) => {
    const grey = (255 * value) / most;
    return [grey, grey, grey];
  });
}
