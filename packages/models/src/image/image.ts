/** An image in memory: three bytes a pixel (red, green, blue), line by line: [height, width, 3]. */
export interface RgbImage {
  readonly height: number;
  readonly width: number;
  readonly pixels: Uint8Array;
}

/** How the pixels of another size are computed. */
export type ResampleName = 'bilinear' | 'bicubic';
