import { RandomParameterSource, type ParameterSource } from '@leantune/core';
import { expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { openSafetensors } from '../safetensors/reader.js';
import { memorySource } from '../safetensors/source.js';
import { encodeSafetensors, type WritableTensor, type WriteOptions } from '../safetensors/writer.js';
import { errorOf } from '../testing/errors.js';
import { CheckpointParameterSource } from './checkpoint.js';

const tensor = (...data: number[]): WritableTensor => ({
  dtype: 'float32',
  shape: [data.length],
  data: Float32Array.from(data),
});

async function sourceOf(tensors: Record<string, WritableTensor>, options: WriteOptions = {}) {
  const checkpoint = await openSafetensors(memorySource(encodeSafetensors(tensors, options), 'memory'));
  return CheckpointParameterSource.read(checkpoint, {
    file: 'model.safetensors',
    basePrefix: 'bert.',
    mayBeFresh: (name) => name.startsWith('head.'),
    fresh: new RandomParameterSource(1, 0.02),
  });
}

/** The values that a module at `path` would get. */
function values(source: ParameterSource, path: string, size: number): number[] {
  const parts = path.split('.');
  const parent = parts.slice(0, -1).reduce((at, name) => at.child(name), source);
  const parameter = parent.parameter(parts.at(-1)!, [size], 'normal');
  const read = [...parameter.read()];
  parameter.release();
  return read;
}

await describeOnBackends('CheckpointParameterSource', () => {
  it('finds names with and without the prefix, the full one first', async () => {
    const source = await sourceOf({ 'bert.a.weight': tensor(1, 2), 'b.weight': tensor(3), 'a.weight': tensor(9, 9) });
    expect(values(source, 'bert.a.weight', 2)).toEqual([1, 2]);
    expect(values(source, 'bert.b.weight', 1)).toEqual([3]);
    source.assertComplete();
    expect(source.report.fresh).toEqual([]);
  });

  it('does not take a name without the prefix for something outside the base model', async () => {
    const source = await sourceOf({ 'bert.pooler.bias': tensor(1) });
    values(source, 'pooler.bias', 1);
    expect(() => source.assertComplete()).toThrow('model.safetensors: 1 tensors of the model are missing: pooler.bias');
  });

  it('reads gamma and beta of LayerNorm, and of nothing else', async () => {
    const source = await sourceOf({
      'bert.x.LayerNorm.gamma': tensor(2),
      'bert.x.LayerNorm.beta': tensor(3),
      'bert.y.gamma': tensor(4),
    });
    expect(values(source, 'bert.x.LayerNorm.weight', 1)).toEqual([2]);
    expect(values(source, 'bert.x.LayerNorm.bias', 1)).toEqual([3]);
    expect(values(source, 'bert.y.gamma', 1)).toEqual([4]);
  });

  it('widens half precision', async () => {
    for (const floats of ['F16', 'BF16'] as const) {
      expect(values(await sourceOf({ w: tensor(0.5, -3) }, { floats }), 'w', 2)).toEqual([0.5, -3]);
    }
  });

  it('notes what starts fresh, and only complains of what must not', async () => {
    const source = await sourceOf({});
    values(source, 'head.weight', 2);
    source.assertComplete();
    expect(source.report.fresh).toEqual(['head.weight']);
    values(source, 'bert.layer.weight', 2);
    const error = await errorOf(() => source.assertComplete());
    expect(error).toMatchObject({
      name: 'CorruptFileError',
      file: 'model.safetensors',
      message: 'model.safetensors: 1 tensors of the model are missing: bert.layer.weight',
    });
  });

  it('refuses another shape, naming both', async () => {
    const source = await sourceOf({ 'layer.weight': tensor(1, 2, 3) });
    const error = await errorOf(() => values(source, 'bert.layer.weight', 2));
    expect(error).toMatchObject({
      name: 'CorruptFileError',
      exitCode: 3,
      file: 'model.safetensors',
      message: 'model.safetensors: tensor "bert.layer.weight" has shape [3], the model expects [2]',
      remedy: 'Use the config.json that belongs to the checkpoint, or another checkpoint.',
    });
  });
});
