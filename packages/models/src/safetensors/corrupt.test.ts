import { CorruptFileError } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { errorOf } from '../testing/errors.js';
import { fileWith } from '../testing/safetensorsFile.js';
import { mutatedHeaderOutcomes } from '../testing/mutateHeaders.js';
import { openSafetensors } from './reader.js';
import { memorySource } from './source.js';

const f32 = (shape: unknown, begin: number, end: number) => ({ dtype: 'F32', shape, data_offsets: [begin, end] });
const data8 = new Uint8Array(8);
const text = (content: string) => new TextEncoder().encode(content);

// [what is wrong, the file, the message after "m: "]. A header with one such tensor has 54 bytes, so data begin at byte 62; with two, at 115.
const cases: [string, Uint8Array, string][] = [
  [
    'an empty file',
    new Uint8Array(0),
    'byte 0: expected at least 8 bytes with the length of the header, found a file of 0 bytes',
  ],
  [
    'a header length beyond the file',
    fileWith({}, data8, 1000n),
    'byte 0: expected a header length from 2 to 10 bytes, found 1000 in a file of 18 bytes',
  ],
  [
    'an absurd header length',
    fileWith({}, data8, 2n ** 63n),
    'byte 0: expected a header length from 2 to 10 bytes, found 9223372036854776000 in a file of 18 bytes',
  ],
  [
    'a header length of 0',
    fileWith({}, data8, 0n),
    'byte 0: expected a header length from 2 to 10 bytes, found 0 in a file of 18 bytes',
  ],
  ['a header that is no object', fileWith('[1,2]'), 'byte 8: expected "{", where the header begins, found the byte 91'],
  [
    'a tensor that is no object',
    fileWith({ a: 5 }),
    'byte 8: tensor "a": entry: expected an object with dtype, shape and data_offsets, found 5',
  ],
  [
    'an unknown dtype',
    fileWith({ a: { dtype: 'F31', shape: [], data_offsets: [0, 4] } }, data8),
    'byte 8: tensor "a": dtype: expected one of F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL, U16, U32, U64, F8_E4M3, F8_E5M2, F8_E8M0, F8_E4M3FNUZ, F8_E5M2FNUZ, F6_E2M3, F6_E3M2, F4, C64, found "F31"',
  ],
  [
    'a dtype named like a method of objects',
    fileWith({ a: { dtype: 'toString', shape: [], data_offsets: [0, 4] } }, data8),
    'byte 8: tensor "a": dtype: expected one of F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL, U16, U32, U64, F8_E4M3, F8_E5M2, F8_E8M0, F8_E4M3FNUZ, F8_E5M2FNUZ, F6_E2M3, F6_E3M2, F4, C64, found "toString"',
  ],
  [
    'a negative dimension',
    fileWith({ a: f32([-1], 0, 4) }, data8),
    'byte 8: tensor "a": shape: expected whole numbers from 0 on, found [-1]',
  ],
  [
    'a fractional dimension',
    fileWith({ a: f32([1.5], 0, 6) }, data8),
    'byte 8: tensor "a": shape: expected whole numbers from 0 on, found [1.5]',
  ],
  [
    'huge dimensions',
    fileWith({ a: f32([2 ** 50, 2 ** 50], 0, 8) }, data8),
    'byte 94: tensor "a": expected 5.070602400912918e+30 bytes for F32 [1125899906842624, 1125899906842624], found 8',
  ],
  [
    'dtype and shape against bytes',
    fileWith({ a: f32([3], 0, 8) }, data8),
    'byte 62: tensor "a": expected 12 bytes for F32 [3], found 8',
  ],
  [
    'offsets backwards',
    fileWith({ a: f32([1], 4, 0) }, data8),
    'byte 8: tensor "a": data_offsets: expected [begin, end] with begin <= end, found [4,0]',
  ],
  [
    'three offsets',
    fileWith({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 8] } }, data8),
    'byte 8: tensor "a": data_offsets: expected [begin, end] with begin <= end, found [0,4,8]',
  ],
  [
    'truncated data',
    fileWith({ a: f32([2], 0, 8) }, new Uint8Array(5)),
    'byte 62: tensor "a": expected data up to byte 70, found the end of the file at byte 67 (the file is truncated)',
  ],
  [
    'overlapping tensors',
    fileWith({ a: f32([1], 0, 4), b: f32([1], 2, 6) }, data8),
    'byte 117: tensor "b": expected to begin at byte 119, where "a" ends; they overlap',
  ],
  [
    'the same bytes twice',
    fileWith({ a: f32([2], 0, 8), b: f32([2], 0, 8) }, data8),
    'byte 115: tensor "b": expected to begin at byte 123, where "a" ends; they overlap',
  ],
  [
    'a gap',
    fileWith({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, new Uint8Array(12)),
    'byte 120: expected tensor "b" to begin here, found it at byte 124 after a gap',
  ],
  [
    'bytes after the last tensor',
    fileWith({ a: f32([1], 0, 4) }, data8),
    'byte 66: expected the end of the file after the last tensor, found 4 more bytes',
  ],
  [
    'a name twice',
    fileWith(`{"a":${JSON.stringify(f32([1], 0, 4))},"\\u0061":${JSON.stringify(f32([1], 4, 8))}}`, data8),
    'byte 62: expected every name once, found "a" again',
  ],
  [
    'a key twice',
    fileWith('{"a":{"dtype":"F32","shape":[1],"dtype":"I32","data_offsets":[0,4]}}', new Uint8Array(4)),
    'byte 40: expected every name once, found "dtype" again',
  ],
  [
    'metadata that is no text',
    fileWith({ __metadata__: { format: 1 } }),
    'byte 8: metadata "format": expected text, found 1',
  ],
  [
    'a Git LFS pointer',
    text('version https://git-lfs.github.com/spec/v1\noid sha256:0\n'),
    'byte 0: expected a safetensors file, found a Git LFS pointer',
  ],
  [
    'a zipped pickle',
    text('PK\u0003\u0004archive/data.pkl'),
    'byte 0: expected a safetensors file, found a PyTorch pickle',
  ],
  [
    'an old pickle',
    Uint8Array.of(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9),
    'byte 0: expected a safetensors file, found a PyTorch pickle',
  ],
  [
    'a web page',
    text('<!DOCTYPE html><title>Not found</title>'),
    'byte 0: expected a safetensors file, found a web page',
  ],
];

describe('a damaged safetensors file', () => {
  it.each(cases)('%s', async (_, bytes, message) => {
    const error = await errorOf(() => openSafetensors(memorySource(bytes, 'm')));
    expect(error).toBeInstanceOf(CorruptFileError);
    expect(error.message).toBe(`m: ${message}`);
    expect(error).toMatchObject({ file: 'm', exitCode: 3 });
    expect(error.remedy).toMatch(/^(Replace the file|Convert it once|Fetch the real file)/);
  });

  it('bad JSON and bad UTF-8, with the reason', async () => {
    for (const header of ['{"a":', '{"a" 1}', '{"a":{}} x']) {
      const error = await errorOf(() => openSafetensors(memorySource(fileWith(header), 'm')));
      expect(error.message).toMatch(/^m: byte 8: expected a header of UTF-8 JSON, found something else \(.+\)$/);
    }
    const bytes = fileWith('{"ab":1}');
    bytes[11] = 0xff;
    expect((await errorOf(() => openSafetensors(memorySource(bytes, 'm')))).message).toMatch(
      /^m: byte 8: expected a header of UTF-8/,
    );
  });

  it('is not seen in a good file whose header length starts like a pickle', async () => {
    const json = JSON.stringify({ __metadata__: { note: 'x'.repeat(612) } });
    expect(json.length).toBe(0x280);
    expect((await openSafetensors(memorySource(fileWith(json), 'm'))).metadata['note']).toHaveLength(612);
  });

  it('closes its source when it is refused', async () => {
    let closed = 0;
    const source = { ...memorySource(new Uint8Array(3), 'm'), close: async () => void closed++ };
    await errorOf(() => openSafetensors(source));
    expect(closed).toBe(1);
  });

  it('survives 400 mutated headers with errors of ours only', async () => {
    const outcomes = await mutatedHeaderOutcomes(400);
    expect(outcomes.refused).toBeGreaterThan(200);
    expect(outcomes.refused + outcomes.opened).toBe(400);
  });
});
