import { CorruptFileError, EnvironmentError, nearestName } from '@leantune/core';
import type { HostArray } from '@leantune/core';
import * as messages from '../messages.js';
import { dtypeLayouts, hostDtype } from './dtype.js';
import type { SafetensorsDtype } from './dtype.js';
import { widenBfloat16, widenFloat16 } from './half.js';
import { readHeader } from './header.js';
import type { TensorEntry } from './header.js';
import type { ByteSource } from './source.js';

export interface TensorInfo {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** Bytes in the file. */
  readonly bytes: number;
}

/** An open checkpoint: one file or several shards. Tensors are read one by one, when they are asked for. */
export interface Safetensors {
  /** Names of all tensors, sorted. */
  names(): readonly string[];
  has(name: string): boolean;
  info(name: string): TensorInfo;
  /** Floats of any width as float32, integers and booleans as int32. */
  read(name: string): Promise<HostArray>;
  /** Any readable tensor in float64, exact for F64 and for integers up to 2^53. */
  readFloat64(name: string): Promise<Float64Array>;
  readonly metadata: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * Opens a safetensors file; reads its header only.
 * @throws CorruptFileError where the header or the size of the file is wrong; the source is closed then.
 */
export async function openSafetensors(source: ByteSource): Promise<Safetensors> {
  const header = await readHeader(source).catch(async (error: unknown) => {
    await source.close();
    throw error;
  });
  const names = [...header.tensors.keys()].sort();
  const entryOf = (name: string): TensorEntry => {
    const entry = header.tensors.get(name);
    if (entry === undefined) throw absentTensor(source.name, name, names);
    return entry;
  };
  const load = async (name: string) => {
    const entry = entryOf(name);
    if (hostDtype(entry.dtype) === undefined) throw unreadableDtype(source.name, name, entry.dtype);
    return { entry, bytes: await source.read(entry.begin, entry.end - entry.begin) };
  };
  return {
    names: () => names,
    has: (name) => header.tensors.has(name),
    info: (name) => {
      const { dtype, shape, begin, end } = entryOf(name);
      return { dtype, shape, bytes: end - begin };
    },
    read: async (name) => {
      const { entry, bytes } = await load(name);
      return toHostArray(source.name, name, entry, bytes);
    },
    readFloat64: async (name) => {
      const { entry, bytes } = await load(name);
      if (entry.dtype === 'F64') return new Float64Array(bytes.buffer);
      if (entry.dtype === 'I64') return Float64Array.from(new BigInt64Array(bytes.buffer), Number);
      return Float64Array.from(toHostArray(source.name, name, entry, bytes).data);
    },
    metadata: header.metadata,
    close: () => source.close(),
  };
}

function toHostArray(file: string, name: string, entry: TensorEntry, bytes: Uint8Array<ArrayBuffer>): HostArray {
  const { dtype, shape } = entry;
  const float = (data: Float32Array): HostArray => ({ dtype: 'float32', shape, data });
  const int = (data: Int32Array): HostArray => ({ dtype: 'int32', shape, data });
  switch (dtype) {
    case 'F32':
      return float(new Float32Array(bytes.buffer));
    case 'F64':
      return float(Float32Array.from(new Float64Array(bytes.buffer)));
    case 'F16':
      return float(widenFloat16(new Uint16Array(bytes.buffer)));
    case 'BF16':
      return float(widenBfloat16(new Uint16Array(bytes.buffer)));
    case 'I64':
      return int(narrowInt64(file, name, entry.begin, new BigInt64Array(bytes.buffer)));
    case 'I32':
      return int(new Int32Array(bytes.buffer));
    case 'I16':
      return int(Int32Array.from(new Int16Array(bytes.buffer)));
    case 'I8':
      return int(Int32Array.from(new Int8Array(bytes.buffer)));
    case 'U8':
      return int(Int32Array.from(bytes));
    case 'BOOL':
      return int(Int32Array.from(bytes, (byte) => (byte === 0 ? 0 : 1)));
    default:
      throw unreadableDtype(file, name, dtype);
  }
}

function narrowInt64(file: string, name: string, begin: number, values: BigInt64Array): Int32Array {
  const out = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    out[i] = Number(values[i]!);
    if (BigInt(out[i]!) !== values[i]!) {
      const message = messages.integerTooLarge(file, name, begin + 8 * i, values[i]!);
      throw new CorruptFileError(message, {
        code: 'LEANTUNE_INTEGER_OVERFLOW',
        file,
        remedy: messages.remedyDownloadAgain(),
      });
    }
  }
  return out;
}

/** The error for a name that the checkpoint does not hold. */
export function absentTensor(file: string, name: string, names: readonly string[]): EnvironmentError {
  return new EnvironmentError(messages.tensorAbsent(file, name), {
    code: 'LEANTUNE_TENSOR_ABSENT',
    remedy: messages.remedyNearestTensor(nearestName(name, names)),
  });
}

function unreadableDtype(file: string, name: string, dtype: string): EnvironmentError {
  const readable = Object.keys(dtypeLayouts).filter((key) => hostDtype(key as SafetensorsDtype) !== undefined);
  return new EnvironmentError(messages.dtypeNotRead(file, name, dtype, readable), {
    code: 'LEANTUNE_UNSUPPORTED_DTYPE',
    remedy: messages.remedyConvertDtype(),
  });
}
