import type { HostArray } from '@leantune/core';
import { bytesPerElement } from './dtype.js';
import { narrowBfloat16, narrowFloat16 } from './half.js';

/** A tensor to write; float64 only where a file must hold exact values. */
export type WritableTensor =
  HostArray | { readonly dtype: 'float64'; readonly shape: readonly number[]; readonly data: Float64Array };

export interface WriteOptions {
  /** What float32 tensors become in the file; `F32` unless told. */
  readonly floats?: 'F32' | 'F16' | 'BF16';
  /** What int32 tensors become in the file; `I32` unless told. */
  readonly integers?: 'I32' | 'I64';
  /** Text beside the tensors; `{ format: 'pt' }` unless told, which Python's transformers insists on. */
  readonly metadata?: Readonly<Record<string, string>>;
}

type WrittenDtype = 'F64' | 'F32' | 'F16' | 'BF16' | 'I32' | 'I64';

/**
 * The bytes of a safetensors file, piece by piece (header first), so that a file never lies in memory as a whole. Equal
 * tensors give equal bytes: wider types first, so that every tensor is aligned, then by name.
 */
export function* safetensorsChunks(
  tensors: Readonly<Record<string, WritableTensor>>,
  options: WriteOptions = {},
): Generator<Uint8Array> {
  const entries = Object.entries(tensors)
    .map(([name, tensor]) => ({ name, tensor, dtype: fileDtype(tensor, options) }))
    .sort((a, b) => bytesPerElement(b.dtype) - bytesPerElement(a.dtype) || compareText(a.name, b.name));
  const metadata = Object.entries(options.metadata ?? { format: 'pt' }).sort(([a], [b]) => compareText(a, b));
  const header: [string, unknown][] = metadata.length === 0 ? [] : [['__metadata__', Object.fromEntries(metadata)]];
  let offset = 0;
  for (const { name, tensor, dtype } of entries) {
    const end = offset + tensor.data.length * bytesPerElement(dtype);
    header.push([name, { dtype, shape: tensor.shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  yield encodeHeader(header);
  for (const { tensor, dtype } of entries) yield encodeTensor(tensor, dtype);
}

/** A whole safetensors file in memory. */
export function encodeSafetensors(
  tensors: Readonly<Record<string, WritableTensor>>,
  options: WriteOptions = {},
): Uint8Array<ArrayBuffer> {
  const chunks = [...safetensorsChunks(tensors, options)];
  const out = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    out.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return out;
}

/** 8 bytes of length, then JSON padded with spaces so that the data begins at a multiple of 8. */
function encodeHeader(entries: readonly [string, unknown][]): Uint8Array {
  // Written key by key: an object would move names that look like numbers to the front.
  const json = new TextEncoder().encode(
    `{${entries.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(',')}}`,
  );
  const length = Math.ceil(json.byteLength / 8) * 8;
  const out = new Uint8Array(8 + length).fill(0x20);
  new DataView(out.buffer).setBigUint64(0, BigInt(length), true);
  out.set(json, 8);
  return out;
}

function encodeTensor(tensor: WritableTensor, dtype: WrittenDtype): Uint8Array {
  const typed = convert(tensor, dtype);
  return new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength);
}

function convert(tensor: WritableTensor, dtype: WrittenDtype): ArrayBufferView {
  if (tensor.dtype === 'float32') {
    if (dtype === 'F16') return narrowFloat16(tensor.data);
    if (dtype === 'BF16') return narrowBfloat16(tensor.data);
  }
  if (tensor.dtype === 'int32' && dtype === 'I64') return BigInt64Array.from(tensor.data, BigInt);
  return tensor.data;
}

function fileDtype(tensor: WritableTensor, options: WriteOptions): WrittenDtype {
  if (tensor.dtype === 'float64') return 'F64';
  return tensor.dtype === 'float32' ? (options.floats ?? 'F32') : (options.integers ?? 'I32');
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
