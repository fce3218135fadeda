import { engine } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { OutOfMemoryError } from '../errors/errors.js';
import { add } from '../kernels/elementwise.js';
import { reshape } from '../kernels/shape.js';
import { memoryMeter, withCategory } from '../tensor/runtime.js';
import { openScopes, scope } from '../tensor/scope.js';
import { tensorFrom } from '../tensor/tensor.js';
import { describeOnBackends } from '../testing/backends.js';
import { emptyCategoryBytes, type BirthCategory, type MemoryCategory } from './categories.js';
import { MemoryMeter } from './meter.js';
import { Storage } from './storage.js';

/** All expected figures in this file are counted by hand from the bytes given here. */
const born = (meter: MemoryMeter, bytes: number, category: BirthCategory = 'workspace'): Storage => {
  const storage = new Storage(bytes, category);
  meter.allocate(storage);
  return storage;
};

const composition = (parts: Partial<Record<MemoryCategory, number>>) => ({
  ...emptyCategoryBytes(),
  ...parts,
});

describe('MemoryMeter', () => {
  it('adds up what lives, by category, and forgets what died', () => {
    const meter = new MemoryMeter();
    born(meter, 100, 'parameters');
    const gradient = born(meter, 30, 'gradients');
    born(meter, 7, 'batch');
    born(meter, 11, 'optimizerState');
    const temporary = born(meter, 5);
    expect(meter.liveBytes).toBe(153);
    expect(meter.liveByCategory).toEqual(
      composition({ parameters: 100, gradients: 30, batch: 7, optimizerState: 11, workspace: 5 }),
    );
    meter.free(temporary);
    meter.free(gradient);
    expect(meter.liveBytes).toBe(118);
    expect(meter.liveByCategory).toEqual(composition({ parameters: 100, batch: 7, optimizerState: 11 }));
  });

  it('keeps the first peak with its composition, phase and layer', () => {
    const meter = new MemoryMeter();
    born(meter, 40, 'parameters');
    const first = meter.inPhase('forward', () => meter.inLayer('encoder.0', () => born(meter, 60)));
    meter.free(first);
    // As high again: the peak was reached first in the forward pass.
    meter.inPhase('backward', () => meter.inLayer('encoder.1', () => meter.free(born(meter, 60, 'gradients'))));
    expect(meter.snapshot()).toMatchObject({
      peakBytes: 100,
      phase: 'forward',
      layer: 'encoder.0',
      categories: composition({ parameters: 40, workspace: 60 }),
    });
    meter.inPhase('update', () => meter.inLayer('classifier', () => born(meter, 61, 'optimizerState')));
    expect(meter.snapshot()).toMatchObject({
      peakBytes: 101,
      phase: 'update',
      layer: 'classifier',
      categories: composition({ parameters: 40, optimizerState: 61 }),
    });
  });

  it('counts a buffer as saved while somebody holds it, once', () => {
    const meter = new MemoryMeter();
    const buffer = born(meter, 16);
    meter.save(buffer);
    meter.save(buffer);
    expect(meter.liveSavedBytes).toBe(16);
    expect(meter.liveByCategory).toEqual(composition({ savedActivations: 16 }));
    meter.unsave(buffer);
    expect(meter.liveSavedBytes).toBe(16);
    meter.unsave(buffer);
    expect(meter.liveSavedBytes).toBe(0);
    expect(meter.liveByCategory).toEqual(composition({ workspace: 16 }));
    expect(meter.liveBytes).toBe(16);
    expect(meter.snapshot().savedBytes).toBe(16);
  });

  it('leaves parameters and batch out of the saved bytes and in their category', () => {
    const meter = new MemoryMeter();
    const parameter = born(meter, 8, 'parameters');
    const batch = born(meter, 4, 'batch');
    meter.save(parameter);
    meter.save(batch);
    expect(meter.liveSavedBytes).toBe(0);
    expect(meter.liveByCategory).toEqual(composition({ parameters: 8, batch: 4 }));
    meter.unsave(parameter);
    meter.unsave(batch);
    expect(meter.snapshot()).toMatchObject({ savedBytes: 0, savedBytesByLayer: {} });
  });

  it('lists the saved peak by the layers that saved first', () => {
    const meter = new MemoryMeter();
    const shared = meter.inLayer('a', () => {
      const storage = born(meter, 10);
      meter.save(storage);
      return storage;
    });
    const own = meter.inLayer('b', () => {
      meter.save(shared);
      const storage = born(meter, 3);
      meter.save(storage);
      return storage;
    });
    meter.unsave(own);
    // Below the peak of 13 bytes: what is saved now must not change its list.
    const later = meter.inLayer('c', () => born(meter, 2));
    meter.inLayer('c', () => meter.save(later));
    expect(meter.snapshot()).toMatchObject({ savedBytes: 13, savedBytesByLayer: { a: 10, b: 3 } });
    const beyond = meter.inLayer('d', () => born(meter, 100));
    meter.inLayer('d', () => meter.save(beyond));
    expect(meter.snapshot()).toMatchObject({ savedBytes: 112, savedBytesByLayer: { a: 10, c: 2, d: 100 } });
  });

  it('moves a buffer between categories', () => {
    const meter = new MemoryMeter();
    const buffer = born(meter, 9);
    meter.recategorize(buffer, 'gradients');
    expect(meter.liveByCategory).toEqual(composition({ gradients: 9 }));
    meter.free(buffer);
    expect(meter.liveByCategory).toEqual(emptyCategoryBytes());
  });

  it('starts anew from what is live', () => {
    const meter = new MemoryMeter();
    const parameter = born(meter, 20, 'parameters');
    meter.free(born(meter, 1000));
    meter.inPhase('forward', () => meter.inLayer('here', () => meter.resetPeak()));
    expect(meter.snapshot()).toMatchObject({
      peakBytes: 20,
      savedBytes: 0,
      phase: 'forward',
      layer: 'here',
      categories: composition({ parameters: 20 }),
    });
    meter.free(parameter);
    meter.resetPeak();
    expect(meter.snapshot()).toEqual({
      peakBytes: 0,
      phase: 'setup',
      layer: '',
      categories: emptyCategoryBytes(),
      savedBytes: 0,
      savedBytesByLayer: {},
      timeline: [],
    });
  });

  it('records every birth and death in the timeline, only when asked to', () => {
    const meter = new MemoryMeter();
    const before = born(meter, 10);
    meter.recordTimeline = true;
    const during = meter.inPhase('forward', () => meter.inLayer('a', () => born(meter, 5)));
    meter.inPhase('backward', () => meter.free(before));
    const snapshot = meter.snapshot();
    const expected = [
      { liveBytes: 15, phase: 'forward', layer: 'a' },
      { liveBytes: 5, phase: 'backward', layer: '' },
    ];
    expect(snapshot.timeline).toEqual(expected);
    meter.free(during);
    expect(snapshot.timeline).toEqual(expected);
    expect(meter.snapshot().timeline).toHaveLength(3);
    meter.resetPeak();
    expect(meter.snapshot().timeline).toEqual([{ liveBytes: 0, phase: 'setup', layer: '' }]);
  });

  it('gives phase and layer back after an error', () => {
    const meter = new MemoryMeter();
    const fail = () => {
      throw new Error('inside');
    };
    expect(() => meter.inPhase('backward', () => meter.inLayer('a', fail))).toThrow('inside');
    expect([meter.phase, meter.layer]).toEqual(['setup', '']);
  });

  it('refuses what does not fit, and says how much was asked for', () => {
    const meter = new MemoryMeter();
    meter.limitBytes = 100;
    born(meter, 60);
    born(meter, 40);
    const refused = () => born(meter, 1);
    expect(refused).toThrow(OutOfMemoryError);
    expect(refused).toThrow(
      expect.objectContaining({
        message: 'out of memory: 1 bytes requested with 100 bytes live, limit 100 bytes',
        code: 'LEANTUNE_MEMORY_LIMIT',
        requestedBytes: 1,
        exitCode: 1,
        remedy: 'use a smaller batch size or sequence length, or raise the memory limit',
      }),
    );
    expect(meter.liveBytes).toBe(100);
    expect(meter.snapshot().peakBytes).toBe(100);
  });
});

await describeOnBackends('metered tensors', () => {
  it('have the bytes of their elements, views included once', () => {
    scope(() => {
      const meter = memoryMeter();
      meter.resetPeak();
      const matrix = withCategory('batch', () => tensorFrom(new Float32Array(6), [2, 3])); // 24 bytes
      expect(meter.liveBytes).toBe(24);
      const view = reshape(matrix, [3, 2]);
      expect(view.storage).toBe(matrix.storage);
      expect(meter.liveBytes).toBe(24);
      tensorFrom([1, 2, 3], [3], 'int32'); // 12 bytes
      tensorFrom([1, 0, 1, 1, 0], [5], 'bool'); // 5 bytes
      add(view, 1); // 24 bytes; the constant is the program's
      expect(meter.liveBytes).toBe(65);
      expect(meter.snapshot()).toMatchObject({ peakBytes: 65, categories: composition({ batch: 24, workspace: 41 }) });
    });
  });

  it('live on in a view', () => {
    const matrix = tensorFrom(new Float32Array(4), [4]);
    const view = reshape(matrix, [2, 2]);
    matrix.release();
    expect(memoryMeter().liveBytes).toBe(16);
    expect([...view.read()]).toEqual([0, 0, 0, 0]);
    view.release();
    expect(memoryMeter().liveBytes).toBe(0);
  });

  it('beyond the limit fail without a trace', () => {
    const meter = memoryMeter();
    const buffers = () => engine().memory().numDataBuffers;
    const before = buffers();
    meter.limitBytes = 100;
    try {
      expect(() =>
        scope(() => {
          const a = tensorFrom(new Float32Array(10), [10]); // 40
          const b = add(a, 1); // 80
          add(a, b); // 120
        }),
      ).toThrow(expect.objectContaining({ requestedBytes: 40 }));
    } finally {
      meter.limitBytes = undefined;
    }
    expect(meter.liveBytes).toBe(0);
    expect(openScopes()).toBe(0);
    // The constant 1 may have been made: it stays, with 4 bytes.
    expect(buffers() - before).toBeLessThanOrEqual(1);
  });
});
