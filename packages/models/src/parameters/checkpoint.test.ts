import { RandomParameterSource, memoryMeter, type Parameter, type ParameterSource } from '@leantune/core';
import { expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { openSafetensors } from '../safetensors/reader.js';
import { memorySource } from '../safetensors/source.js';
import { encodeSafetensors, type WritableTensor, type WriteOptions } from '../safetensors/writer.js';
import { errorOf } from '../testing/errors.js';
import { fileWith } from '../testing/safetensorsFile.js';
import { CheckpointParameterSource } from './checkpoint.js';

/** Bytes an element takes, by the format's specification. */
const bytesOf: Readonly<Record<string, number>> = { I32: 4, U16: 2, I8: 1, F8_E4M3: 1, C64: 8, F4: 0.5 };

const tensor = (...data: number[]): WritableTensor => ({
  dtype: 'float32',
  shape: [data.length],
  data: Float32Array.from(data),
});

async function sourceOf(tensors: Record<string, WritableTensor>, options: WriteOptions = {}) {
  const checkpoint = await openSafetensors(memorySource(encodeSafetensors(tensors, options), 'memory'));
  return CheckpointParameterSource.of(checkpoint, {
    file: 'model.safetensors',
    storedNames: (name) => (name.startsWith('bert.') ? [name, name.slice('bert.'.length)] : [name]),
    mayBeFresh: (name) => name.startsWith('head.'),
    fresh: new RandomParameterSource(1, 0.02),
  });
}

/** Asks for a parameter as a module at `path` would. */
function ask(source: ParameterSource, path: string, size: number): Parameter {
  const parts = path.split('.');
  const parent = parts.slice(0, -1).reduce((at, name) => at.child(name), source);
  return parent.parameter(parts.at(-1)!, [size], 'normal');
}

/** The values that modules at `paths` would get, each of `size` numbers, and which of them start fresh. */
async function load(source: CheckpointParameterSource, paths: Readonly<Record<string, number>>) {
  try {
    const parameters = Object.entries(paths).map(([path, size]) => ask(source, path, size));
    const fresh = await source.load();
    return { values: parameters.map((parameter) => [...parameter.read()]), fresh };
  } finally {
    source.release();
  }
}

await describeOnBackends('CheckpointParameterSource', () => {
  it('finds names with and without the prefix, the full one first', async () => {
    const source = await sourceOf({ 'bert.a.weight': tensor(1, 2), 'b.weight': tensor(3), 'a.weight': tensor(9, 9) });
    expect(await load(source, { 'bert.a.weight': 2, 'bert.b.weight': 1 })).toEqual({
      values: [[1, 2], [3]],
      fresh: [],
    });
  });

  it('does not take a name without the prefix for something outside the base model', async () => {
    const source = await sourceOf({ 'bert.pooler.bias': tensor(1) });
    await expect(load(source, { 'pooler.bias': 1 })).rejects.toThrow(
      'model.safetensors: 1 tensors of the model are missing: pooler.bias',
    );
  });

  it.each(['I32', 'U16', 'I8', 'F8_E4M3', 'C64', 'F4'])(
    'names a needed tensor of type %s, and no other',
    async (dtype) => {
      const header = {
        'a.weight': { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
        'b.LayerNorm.gamma': { dtype, shape: [16], data_offsets: [8, 8 + 16 * bytesOf[dtype]!] },
      };
      const bytes = fileWith(header, new Uint8Array(8 + 16 * bytesOf[dtype]!));
      const open = async () =>
        CheckpointParameterSource.of(await openSafetensors(memorySource(bytes, 'memory')), {
          file: 'model.safetensors',
          storedNames: (name) => [name],
          mayBeFresh: () => true,
          fresh: new RandomParameterSource(1, 0.02),
        });
      expect(await load(await open(), { 'a.weight': 2 })).toEqual({ values: [[0, 0]], fresh: [] });
      expect(await errorOf(async () => load(await open(), { 'a.weight': 2, 'b.LayerNorm.weight': 16 }))).toMatchObject({
        code: 'LEANTUNE_UNSUPPORTED_DTYPE',
        exitCode: 3,
        message: `model.safetensors: tensor "b.LayerNorm.gamma": expected one of the types F32, F16, BF16, F64, found ${dtype}`,
      });
    },
  );

  it('reads gamma and beta of LayerNorm, and of nothing else', async () => {
    const source = await sourceOf({
      'bert.x.LayerNorm.gamma': tensor(2),
      'bert.x.LayerNorm.beta': tensor(3),
      'bert.y.gamma': tensor(4),
    });
    const paths = { 'bert.x.LayerNorm.weight': 1, 'bert.x.LayerNorm.bias': 1, 'bert.y.gamma': 1 };
    expect((await load(source, paths)).values).toEqual([[2], [3], [4]]);
  });

  it('widens half precision', async () => {
    for (const floats of ['F16', 'BF16'] as const) {
      const source = await sourceOf({ w: tensor(0.5, -3) }, { floats });
      expect((await load(source, { w: 2 })).values).toEqual([[0.5, -3]]);
    }
  });

  it('reads one tensor after another, each into its parameter before the next', async () => {
    const names = ['a', 'b', 'c'];
    const bytes = encodeSafetensors(Object.fromEntries(names.map((name, index) => [name, tensor(index + 1)])));
    const checkpoint = await openSafetensors(memorySource(bytes, 'memory'));
    const parameters: Parameter[] = [];
    const heldAtRead: number[][] = [];
    const watched = {
      ...checkpoint,
      names: () => checkpoint.names(),
      info: (name: string) => checkpoint.info(name),
      read: (name: string) => {
        heldAtRead.push(parameters.slice(0, heldAtRead.length).map((parameter) => parameter.read()[0]!));
        return checkpoint.read(name);
      },
    };
    const source = CheckpointParameterSource.of(watched, {
      file: 'model.safetensors',
      storedNames: (name) => [name],
      mayBeFresh: () => false,
      fresh: new RandomParameterSource(1, 0.02),
    });
    const before = memoryMeter().liveBytes;
    for (const name of names) parameters.push(source.parameter(name, [1], 'normal'));
    // Counted whole from the start, though nothing is held.
    expect(memoryMeter().liveBytes - before).toBe(3 * 4);
    await source.load();
    expect(heldAtRead).toEqual([[], [1], [1, 2]]);
    expect(memoryMeter().liveBytes - before).toBe(3 * 4);
    source.release();
  });

  it('notes what starts fresh, and only complains of what must not', async () => {
    expect((await load(await sourceOf({}), { 'head.weight': 2 })).fresh).toEqual(['head.weight']);
    const source = await sourceOf({});
    const error = await errorOf(() => load(source, { 'head.weight': 2, 'bert.layer.weight': 2 }));
    expect(error).toMatchObject({
      name: 'CorruptFileError',
      file: 'model.safetensors',
      message: 'model.safetensors: 1 tensors of the model are missing: bert.layer.weight',
    });
  });

  it('refuses another shape, naming both', async () => {
    const source = await sourceOf({ 'layer.weight': tensor(1, 2, 3) });
    const error = await errorOf(() => load(source, { 'bert.layer.weight': 2 }));
    expect(error).toMatchObject({
      name: 'CorruptFileError',
      exitCode: 3,
      file: 'model.safetensors',
      message: 'model.safetensors: tensor "bert.layer.weight" has shape [3], the model expects [2]',
      remedy: 'Use the config.json that belongs to the checkpoint, or another checkpoint.',
    });
  });
});
