import { cascadeSum } from './cascadeSum.js';
import { dynamicCodebook, nf4Codebook } from './codebooks.js';

export interface Nf4Options {
  /** Weights that share one scale. */
  readonly blockSize: number;
  /** Whether the scales are quantised too: 8 bits each, in blocks of `absmaxBlockSize`. */
  readonly doubleQuant: boolean;
}

/** Scales that share one scale of their own under double quantisation. */
export const absmaxBlockSize = 256;

/** Scales of the blocks, quantised: codebook value · absmax of the block of scales + offset. */
interface QuantizedScales {
  /** Index into `dynamicCodebook` of every block: uint8 [blocks]. */
  readonly codes: Uint8Array;
  /** float32 [⌈blocks / 256⌉] */
  readonly absmax: Float32Array;
  /** Mean of the scales. */
  readonly offset: number;
}

/** A weight in 4 bits. */
export interface Nf4Values {
  /** Index into `nf4Codebook` of every weight, row-major: uint8 [weights]. */
  readonly codes: Uint8Array;
  /** Scale of every block of `blockSize` weights: as numbers, or quantised. */
  readonly absmax: Float32Array | QuantizedScales;
}

/** Below this a block counts as this large: what bitsandbytes divides by. */
const smallestAbsmax = Math.fround(1e-38);

/** Half way between neighbours of the codebook; a value in the middle takes the lower one. */
const boundaries = nf4Codebook.slice(1).map((upper, index) => Math.fround(nf4Codebook[index]! + upper) / 2);

/**
 * Quantises values to NF4, bit for bit as `quantize_4bit` of bitsandbytes 0.50: blocks of the flattened weight, a last one
 * that may be short.
 */
export function quantizeNf4(values: Float32Array, { blockSize, doubleQuant }: Nf4Options): Nf4Values {
  const blocks = Math.ceil(values.length / blockSize);
  const codes = new Uint8Array(values.length);
  const absmax = new Float32Array(blocks);
  for (let block = 0; block < blocks; block++) {
    const start = block * blockSize;
    const end = Math.min(start + blockSize, values.length);
    const isShort = end - start < blockSize;
    const largest = largestMagnitude(values, start, end);
    const divisor = Math.max(largest, smallestAbsmax);
    // The reference holds the divisor of a short block, multiplies full ones by the reciprocal, and divides the short one.
    absmax[block] = isShort ? divisor : largest;
    const reciprocal = Math.fround(1 / divisor);
    for (let index = start; index < end; index++) {
      const value = values[index]!;
      codes[index] = nearestNf4(Math.fround(isShort ? value / divisor : value * reciprocal));
    }
  }
  return { codes, absmax: doubleQuant ? quantizeScales(absmax) : absmax };
}

function largestMagnitude(values: Float32Array, start: number, end: number): number {
  let largest = 0;
  for (let index = start; index < end; index++) largest = Math.max(largest, Math.abs(values[index]!));
  return largest;
}

/** Number of boundaries below the value. */
function nearestNf4(value: number): number {
  let code = value > boundaries[7]! ? 8 : 0;
  for (let half = 4; half > 0; half >>= 1) if (value > boundaries[code + half - 1]!) code += half;
  return code;
}

/** Subtracts the mean and quantises what is left to 8 bits. */
function quantizeScales(scales: Float32Array): QuantizedScales {
  const offset = Math.fround(cascadeSum(scales) / scales.length);
  const centred = scales.map((scale) => scale - offset);
  const codes = new Uint8Array(scales.length);
  const absmax = new Float32Array(Math.ceil(scales.length / absmaxBlockSize));
  for (let block = 0; block < absmax.length; block++) {
    const start = block * absmaxBlockSize;
    const end = Math.min(start + absmaxBlockSize, scales.length);
    const largest = largestMagnitude(centred, start, end);
    absmax[block] = largest;
    if (largest === 0) continue; // equal scales: code 0 times 0
    const reciprocal = Math.fround(1 / largest);
    for (let index = start; index < end; index++) {
      codes[index] = nearestDynamic[gridPoint(Math.fround(centred[index]! * reciprocal))]!;
    }
  }
  return { codes, absmax, offset };
}

/** bitsandbytes 0.50 looks 8-bit codes up for the nearest of this many points of [-1, 1]. */
const gridPoints = 65536;

/** Nearest of the points to a value, with the reference's float32 roundings. */
function gridPoint(value: number): number {
  const { fround } = Math;
  const unit = fround(fround(Math.min(Math.max(value, -1), 1) + 1) * 0.5);
  return Math.trunc(fround(fround(unit * (gridPoints - 1)) + 0.5));
}

/** For every point of the grid the index of the nearest value of `dynamicCodebook`; the lower one in the middle. */
const nearestDynamic = makeNearestDynamic();

function makeNearestDynamic(): Uint8Array {
  const { fround } = Math;
  const middles = dynamicCodebook.slice(1).map((upper, index) => fround(dynamicCodebook[index]! + upper) * 0.5);
  const nearest = new Uint8Array(gridPoints);
  let code = 0;
  for (let point = 0; point < gridPoints; point++) {
    const value = fround(-1 + fround((2 * point) / (gridPoints - 1)));
    while (code < middles.length && middles[code]! < value) code += 1;
    nearest[point] = code;
  }
  return nearest;
}
