import { dequantizeNf4, type Nf4Inputs } from '../kernels/dequantizeNf4.js';
import { elementCount, type StorageDType } from '../tensor/dtype.js';
import { Parameter } from '../tensor/parameter.js';
import { holdsValues } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';
import { absmaxBlockSize, quantizeNf4, type Nf4Options } from './quantize.js';

/**
 * A weight that is held in 4 bits and not trained: 8 codes to an int32 word, so that every backend can hold it, and the
 * scales of its blocks. Its bytes count as parameters: n / 2 for n weights, and 4 a block, or with double quantisation 1 a
 * block, 4 for every 256 of them and 4 for their mean.
 */
export class Nf4Weight {
  private constructor(
    readonly shape: readonly [outFeatures: number, inFeatures: number],
    readonly options: Nf4Options,
    private readonly held: HeldNf4,
  ) {}

  /**
   * Quantises on the host. Whoever asks for it owns the buffers, see `namedBuffers`.
   * @param values [out, in] in row-major order; not asked for where only shapes are kept
   */
  static quantize(values: () => Float32Array, shape: readonly [number, number], options: Nf4Options): Nf4Weight {
    const size = elementCount(shape);
    const blocks = Math.ceil(size / options.blockSize);
    const quantized = holdsValues() ? quantizeNf4(values(), options) : undefined;
    const scales = quantized?.absmax;
    const codes = words(quantized?.codes, size, 4);
    if (!options.doubleQuant) {
      return new Nf4Weight(shape, options, { codes, absmax: numbers(scales as Float32Array | undefined, blocks) });
    }
    const nested = scales instanceof Float32Array ? undefined : scales;
    return new Nf4Weight(shape, options, {
      codes,
      absmax: words(nested?.codes, blocks, 8),
      nestedAbsmax: numbers(nested?.absmax, Math.ceil(blocks / absmaxBlockSize)),
      nestedOffset: numbers(nested && Float32Array.of(nested.offset), 1),
    });
  }

  /** Number of weights. */
  get size(): number {
    return elementCount(this.shape);
  }

  /** What is held, by bitsandbytes' names. */
  *namedBuffers(): Generator<[string, Parameter]> {
    const { codes, absmax, nestedAbsmax, nestedOffset } = this.held;
    yield ['weight', codes];
    yield ['weight.absmax', absmax];
    if (nestedAbsmax !== undefined) yield ['weight.nested_absmax', nestedAbsmax];
    if (nestedOffset !== undefined) yield ['weight.nested_offset', nestedOffset];
  }

  /** The weight [out, in] as numbers, held as `storage`: a temporary of the innermost scope. */
  dequantize(storage: StorageDType = 'float32'): Tensor {
    return dequantizeNf4(this.held, { shape: this.shape, blockSize: this.options.blockSize }, storage);
  }

  release(): void {
    for (const [, buffer] of this.namedBuffers()) buffer.release();
  }
}

interface HeldNf4 extends Nf4Inputs {
  readonly codes: Parameter;
  readonly absmax: Parameter;
  readonly nestedAbsmax?: Parameter;
  readonly nestedOffset?: Parameter;
}

/** A buffer that nothing trains. */
function held(values: Float32Array | Int32Array | undefined, length: number, storage: 'float32' | 'int32'): Parameter {
  const buffer = Parameter.filled([length], 0, { storage });
  buffer.requiresGrad = false;
  if (values !== undefined) scope(() => buffer.assign(tensorFrom(values, [length], storage)));
  return buffer;
}

function numbers(values: Float32Array | undefined, length: number): Parameter {
  return held(values, length, 'float32');
}

/** `count` codes of `bits` bits each. */
function words(codes: Uint8Array | undefined, count: number, bits: number): Parameter {
  return held(codes && packWords(codes, bits), Math.ceil((count * bits) / 32), 'int32');
}

/** Codes of `bits` bits in int32 words, the first one in the highest bits. */
function packWords(codes: Uint8Array, bits: number): Int32Array {
  const perWord = 32 / bits;
  const words = new Int32Array(Math.ceil(codes.length / perWord));
  for (let index = 0; index < codes.length; index++) {
    words[Math.floor(index / perWord)]! |= codes[index]! << (32 - bits * ((index % perWord) + 1));
  }
  return words;
}
