/**
 * Resizing as Pillow does it, to the bit: every output pixel is a weighted mean of the input pixels below the filter,
 * which is stretched where an image shrinks; horizontally first, rounded to bytes, then vertically, in fixed point
 * (`src/libImaging/Resample.c`). Pillow 13 goes vertically first where that is cheaper, which moves a byte by one; never
 * from square to square.
 */
import type { ResampleName, RgbImage } from './image.js';

interface ResampleFilter {
  /** Distance from its centre, in input pixels, at which the filter ends. */
  readonly support: number;
  readonly weight: (distance: number) => number;
}

/** Cubic convolution with a = -1/2 (Keys 1981). */
function cubic(distance: number): number {
  const a = -0.5;
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

const filters: Readonly<Record<ResampleName, ResampleFilter>> = {
  bilinear: { support: 1, weight: (distance) => Math.max(0, 1 - Math.abs(distance)) },
  bicubic: { support: 2, weight: cubic },
};

/** Bits behind the point: 32 less 8 of a byte and 2 that guard against overflow. */
const PRECISION_BITS = 22;
const HALF = 1 << (PRECISION_BITS - 1);
const CHANNELS = 3;

/** What one output pixel is made of: input pixels `first`, `first + 1`, … with fixed-point weights. */
interface Contribution {
  readonly first: number;
  readonly weights: Int32Array;
}

function contributions(from: number, to: number, { support, weight }: ResampleFilter): Contribution[] {
  const scale = from / to;
  const stretch = Math.max(1, scale);
  const reach = support * stretch;
  return Array.from({ length: to }, (_, index) => {
    const center = (index + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - reach + 0.5));
    const end = Math.min(from, Math.trunc(center + reach + 0.5));
    const exact = Array.from({ length: end - first }, (_, tap) => weight((tap + first - center + 0.5) * (1 / stretch)));
    const sum = exact.reduce((total, each) => total + each, 0);
    const weights = Int32Array.from(exact, (each) => {
      const fixed = (sum === 0 ? each : each / sum) * (1 << PRECISION_BITS);
      return Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
    });
    return { first, weights };
  });
}

/**
 * One pass along one axis: `outer` lines of `from` pixels become lines of `to`. Value `channel` of pixel `i` of a line lies at
 * `line · lineStep + i · pixelStep + channel`, in input and output alike with steps of their own.
 */
function pass(
  input: Uint8Array,
  output: Uint8Array,
  places: readonly Contribution[],
  lines: number,
  inputStep: { readonly line: number; readonly pixel: number },
  outputStep: { readonly line: number; readonly pixel: number },
): void {
  for (let line = 0; line < lines; line++) {
    places.forEach(({ first, weights }, index) => {
      for (let channel = 0; channel < CHANNELS; channel++) {
        let sum = HALF;
        let from = line * inputStep.line + first * inputStep.pixel + channel;
        for (const weight of weights) {
          sum += input[from]! * weight;
          from += inputStep.pixel;
        }
        const value = sum >> PRECISION_BITS;
        output[line * outputStep.line + index * outputStep.pixel + channel] = value < 0 ? 0 : value > 255 ? 255 : value;
      }
    });
  }
}

/** The image with `height` × `width` pixels; itself where it has them already. */
export function resize(image: RgbImage, height: number, width: number, resample: ResampleName): RgbImage {
  const filter = filters[resample];
  let { pixels } = image;
  if (width !== image.width) {
    const wide = new Uint8Array(image.height * width * CHANNELS);
    const places = contributions(image.width, width, filter);
    const steps = (columns: number) => ({ line: columns * CHANNELS, pixel: CHANNELS });
    pass(pixels, wide, places, image.height, steps(image.width), steps(width));
    pixels = wide;
  }
  if (height !== image.height) {
    const high = new Uint8Array(height * width * CHANNELS);
    const steps = { line: CHANNELS, pixel: width * CHANNELS };
    pass(pixels, high, contributions(image.height, height, filter), width, steps, steps);
    pixels = high;
  }
  return { height, width, pixels };
}
