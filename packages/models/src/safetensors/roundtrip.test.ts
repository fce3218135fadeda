import { RandomStream } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { errorOf } from '../testing/errors.js';
import { openSafetensors } from './reader.js';
import { memorySource } from './source.js';
import { encodeSafetensors } from './writer.js';
import { fileWith } from '../testing/safetensorsFile.js';

const open = (bytes: Uint8Array) => openSafetensors(memorySource(bytes, 'model.safetensors'));

function normals(count: number): Float32Array {
  const random = new RandomStream(3, 'safetensors');
  return Float32Array.from({ length: count }, () => random.normal());
}

describe('writing and reading', () => {
  const tensors = {
    b: { dtype: 'float32', shape: [3, 5], data: normals(15) },
    a: { dtype: 'int32', shape: [2], data: Int32Array.of(-7, 2 ** 31 - 1) },
    exact: { dtype: 'float64', shape: [], data: Float64Array.of(0.1) },
    empty: { dtype: 'float32', shape: [0, 4], data: new Float32Array(0) },
    '7': { dtype: 'float32', shape: [1], data: Float32Array.of(1e-45) },
  } as const;

  it('gives back names, shapes, metadata and every bit', async () => {
    const file = await open(encodeSafetensors(tensors, { metadata: { format: 'pt', base: 'Zürich' } }));
    expect(file.names()).toEqual(['7', 'a', 'b', 'empty', 'exact']);
    expect(file.metadata).toEqual({ format: 'pt', base: 'Zürich' });
    expect(file.info('b')).toEqual({ dtype: 'F32', shape: [3, 5], bytes: 60 });
    for (const name of ['a', 'b', 'empty', '7'] as const) expect(await file.read(name)).toEqual(tensors[name]);
    expect(await file.readFloat64('exact')).toEqual(tensors.exact.data);
    expect((await file.read('exact')).data).toEqual(Float32Array.of(0.1));
  });

  it('writes equal bytes for equal tensors, whatever their order, the data aligned to 8', () => {
    const reversed = Object.fromEntries(Object.entries(tensors).reverse()) as unknown as typeof tensors;
    const bytes = encodeSafetensors(tensors);
    expect(encodeSafetensors(reversed)).toEqual(bytes);
    expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
  });

  it('writes 16-bit floats and 64-bit integers on demand', async () => {
    for (const [floats, unit] of [
      ['F16', 2 ** -11],
      ['BF16', 2 ** -8],
    ] as const) {
      const file = await open(encodeSafetensors(tensors, { floats, integers: 'I64' }));
      expect([file.info('b').dtype, file.info('a').dtype]).toEqual([floats, 'I64']);
      const found = (await file.read('b')).data;
      tensors.b.data.forEach((value, i) =>
        expect(Math.abs(found[i]! - value)).toBeLessThanOrEqual(Math.abs(value) * unit),
      );
      expect(await file.read('a')).toEqual(tensors.a);
    }
  });
});

describe('reading', () => {
  it('reads every integer type and booleans as int32, where they lie unaligned too', async () => {
    const bytes = fileWith(
      {
        flag: { dtype: 'BOOL', shape: [3], data_offsets: [0, 3] },
        small: { dtype: 'I8', shape: [2], data_offsets: [3, 5] },
        byte: { dtype: 'U8', shape: [2], data_offsets: [5, 7] },
        short: { dtype: 'I16', shape: [1], data_offsets: [7, 9] },
        float: { dtype: 'F32', shape: [1], data_offsets: [9, 13] },
      },
      Uint8Array.of(1, 0, 255, 0x80, 0x7f, 0x80, 0x7f, 0xfe, 0xff, 0, 0, 0x80, 0x3f),
    );
    const file = await open(bytes);
    expect((await file.read('flag')).data).toEqual(Int32Array.of(1, 0, 1));
    expect((await file.read('small')).data).toEqual(Int32Array.of(-128, 127));
    expect((await file.read('byte')).data).toEqual(Int32Array.of(128, 127));
    expect((await file.read('short')).data).toEqual(Int32Array.of(-2));
    expect((await file.read('float')).data).toEqual(Float32Array.of(1));
  });

  it('does not hand out its own memory', async () => {
    const bytes = encodeSafetensors({ x: { dtype: 'float32', shape: [1], data: Float32Array.of(5) } });
    const file = await open(Buffer.from(bytes));
    (await file.read('x')).data[0] = 9;
    expect((await file.read('x')).data[0]).toBe(5);
  });

  it('refuses 64-bit integers that do not fit, types it does not read and names that are not there', async () => {
    const big = await open(
      fileWith(
        { n: { dtype: 'I64', shape: [2], data_offsets: [0, 16] } },
        new Uint8Array(BigInt64Array.of(1n, 2n ** 40n).buffer),
      ),
    );
    expect((await errorOf(() => big.read('n'))).message).toBe(
      'model.safetensors: byte 71: tensor "n": expected an integer of 32 bits, found 1099511627776',
    );
    expect(await big.readFloat64('n')).toEqual(Float64Array.of(1, 2 ** 40));
    const odd = await open(fileWith({ w: { dtype: 'F8_E4M3', shape: [1], data_offsets: [0, 1] } }, new Uint8Array(1)));
    expect((await errorOf(() => odd.read('w'))).message).toBe(
      'model.safetensors: tensor "w": expected one of the types F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL, found F8_E4M3',
    );
    const absent = await errorOf(() => odd.read('v'));
    expect(absent.message).toBe('model.safetensors: no tensor "v"');
  });
});
