import type { TensorInfo } from '@tensorflow/tfjs-core';
import { UsageError, type StorageDType } from '@leantune/core';
import { messages } from '../messages.js';

/** Doubles that one call may take: room for a concatenation of some ten thousand tensors. */
const CAPACITY = 1 << 17;

/** Storage dtypes by their code, in the order of `native/tensorTable.cc`. */
export const storageDtypes = [
  'float32',
  'int32',
  'bool',
  'bfloat16',
  'float16',
  'float64',
  'int8',
  'uint8',
] as const satisfies readonly StorageDType[];

export function storageOfCode(code: number): StorageDType {
  return storageDtypes[code]!;
}

/** @throws UsageError for a dtype that this backend does not compute with */
export function codeOfStorage(dtype: string): number {
  const code = storageDtypes.indexOf(dtype as StorageDType);
  if (code < 0) throw new UsageError(messages.dtype(dtype), { code: 'LEANTUNE_DTYPE' });
  return code;
}

/** What storage stands for where the caller leaves it to the kernel. */
const UNWANTED = -1;

/**
 * Writes the arguments of one call where the module reads them, in the order in which the kernel in `native` asks
 * for them. Used again for every call.
 */
export class CallWriter {
  readonly scratch = new Float64Array(CAPACITY);
  private next = 0;

  constructor(private readonly handleOf: (tensor: TensorInfo) => number) {}

  /** Begins a call; `storage` is how the caller wants the result held. */
  start(storage?: StorageDType): this {
    this.next = 0;
    return this.number(storage === undefined ? UNWANTED : codeOfStorage(storage));
  }

  number(value: number): this {
    if (this.next === CAPACITY) throw new UsageError(messages.callTooLong(), { code: 'LEANTUNE_CALL_TOO_LONG' });
    this.scratch[this.next++] = value;
    return this;
  }

  flag(value: boolean | undefined): this {
    return this.number(value === true ? 1 : 0);
  }

  storage(dtype: string): this {
    return this.number(codeOfStorage(dtype));
  }

  numbers(values: readonly number[]): this {
    this.number(values.length);
    for (const value of values) this.number(value);
    return this;
  }

  tensor(tensor: TensorInfo | undefined): this {
    if (tensor === undefined) throw new UsageError(messages.missingInput(), { code: 'LEANTUNE_MISSING_INPUT' });
    return this.number(this.handleOf(tensor)).numbers(tensor.shape);
  }

  tensors(tensors: readonly TensorInfo[]): this {
    this.number(tensors.length);
    for (const tensor of tensors) this.tensor(tensor);
    return this;
  }
}
