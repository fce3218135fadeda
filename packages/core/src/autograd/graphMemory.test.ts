import { engine } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { OutOfMemoryError } from '../errors/errors.js';
import { reshape as reshapeKernel } from '../kernels/shape.js';
import { add } from '../ops/arithmetic.js';
import { Parameter } from '../tensor/parameter.js';
import { memoryMeter } from '../tensor/runtime.js';
import { openScopes, scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { describeOnBackends } from '../testing/backends.js';
import { differentiate, gradientOf, live, squared, total } from '../testing/probes.js';
import { TinyTransformer, tinyBatch } from '../testing/tinyTransformer.js';
import { trainedParameters } from '../train/train.js';
import { forwardBackward, releaseGradients } from '../train/trainStep.js';
import { backward } from './backward.js';
import { graphScope } from './node.js';
import { withSavingPolicy, type SavingPolicy } from './policy.js';

await describeOnBackends('memory of graphs', (backend) => {
  describe('memory', () => {
    it('graphScope releases what was recorded and never walked', () => {
      const x = Parameter.from([1, 2], [2]);
      graphScope(() => {
        scope(() => squared(squared(squared(x))).item === undefined);
        expect(memoryMeter().liveSavedBytes).toBe(16);
      });
      expect(memoryMeter().liveSavedBytes).toBe(0);
      expect(live()).toBe(8);
      expect(() =>
        graphScope(() =>
          scope(() => {
            squared(squared(x));
            throw new Error('inside');
          }),
        ),
      ).toThrow('inside');
      expect(memoryMeter().liveSavedBytes).toBe(0);
      expect(live()).toBe(8);
      x.release();
    });

    it('is given back while the walk passes', () => {
      const links = 8;
      const size = 400; // bytes of one link's value: 100 float32
      const x = Parameter.from(new Float32Array(100).fill(1), [100]);
      const arrivals: number[] = [];
      const meter = memoryMeter();
      graphScope(() =>
        scope(() => {
          const loss = scope(() => {
            let value: Tensor = x;
            for (let link = 0; link < links; link++) value = squared(value, () => arrivals.push(live()));
            return total(value);
          });
          // x is a parameter; links 1 … 7 hold their input; the last value died with the inner scope.
          expect(live()).toBe(size + (links - 1) * size + 4);
          expect(meter.liveSavedBytes).toBe((links - 1) * size);
          meter.resetPeak();
          backward(loss);
        }),
      );
      // At each link: x, the loss, the inputs of the links still to come, and one gradient.
      expect(arrivals).toEqual(
        Array.from({ length: links }, (_, passed) => size + 4 + (links - 1 - passed) * size + size),
      );
      // Two products beside what is live at the first arrival. A tape that keeps all gradients would need 8 sizes more.
      expect(meter.snapshot().peakBytes).toBe(arrivals[0]! + 2 * size);
      expect(meter.snapshot().peakBytes).toBeLessThan(size + 4 + (links - 1) * size + links * size);
      expect(gradientOf(x)!.every((value) => value === 2 ** links)).toBe(true);
      x.release();
    });

    it('a value saved by several ops is counted once', () => {
      const x = Parameter.from([1, 2], [2]);
      graphScope(() =>
        scope(() => {
          const y = squared(x);
          squared(y);
          squared(reshapeKernel(y, [2]));
          squared(y);
          expect(memoryMeter().liveSavedBytes).toBe(8);
        }),
      );
      x.release();
    });
  });

  describe('a transformer layer with dropout', () => {
    const gradients = (policy: SavingPolicy) => {
      const model = new TinyTransformer({ dropout: 0.1 });
      memoryMeter().resetPeak();
      const loss = withSavingPolicy(policy, () => forwardBackward(model, tinyBatch(1), { seed: 3, microStep: 0 }));
      const { savedBytes, savedBytesByLayer } = memoryMeter().snapshot();
      const values = new Map([...model.namedParameters()].map(([name, parameter]) => [name, gradientOf(parameter)!]));
      model.release();
      return { loss, values, savedBytes, savedBytesByLayer };
    };

    it('has the same gradients under both saving policies', () => {
      const [lean, pytorch] = [gradients('lean'), gradients('pytorch')];
      // A fused kernel of `lean` adds up in another order than the composed form that `pytorch` asks for.
      expect(Math.abs(lean.loss! - pytorch.loss!)).toBeLessThanOrEqual(backend.fusesKernels === true ? 1e-6 : 0);
      expect(lean.values.size).toBe(23);
      for (const [name, values] of pytorch.values) {
        const largest = Math.max(...values.map(Math.abs));
        const error = Math.max(...values.map((value, index) => Math.abs(value - lean.values.get(name)![index]!)));
        expect(error, name).toBeLessThanOrEqual(1e-6 * Math.max(largest, 0.1));
      }
    });

    // Units of the counts: hidden [2, 5, 8] = 320 bytes; rows [2, 5, 1] = 40; masks 1 byte an element.
    it('saves under lean what the ops state, to the byte', () => {
      const { savedBytes, savedBytesByLayer } = gradients('lean');
      expect(savedBytesByLayer).toEqual({
        norm0: 320 + 40, // normalised value and rstd: the inputs of query, key and value are recomputed from it
        attention: 3 * 320, // q, k, v
        'attention.output': 320, // context
        norm1: 320 + 40,
        '': 4 * 320 + 64 + 24, // before gelu; pooled after tanh [2, 8]; log-probabilities [2, 3]
        norm2: 320 + 40,
        pooler: 64, // the first token [2, 8]
      });
      expect(savedBytes).toBe(3792);
    });

    it('saves under pytorch what PyTorch eager does on CUDA, to the byte', () => {
      const { savedBytes, savedBytesByLayer } = gradients('pytorch');
      expect(savedBytesByLayer).toEqual({
        norm0: 320 + 2 * 40, // input, mean, rstd
        dropout0: 80,
        'attention.query': 320, // its input
        attention: 3 * 320 + 2 * 400 + 100, // q, k, v, probabilities [2, 2, 5, 5] before and after dropout, mask
        'attention.output': 320,
        dropout1: 80,
        norm1: 320 + 2 * 40,
        up: 320,
        '': 4 * 320 + 64 + 24,
        down: 4 * 320,
        dropout2: 80,
        norm2: 320 + 2 * 40,
        pooler: 64,
      });
      expect(savedBytes).toBe(6972);
    });

    it.each(['lean', 'pytorch'] as const)('leaves nothing behind, wherever memory ends (%s)', (policy) => {
      const meter = memoryMeter();
      const model = new TinyTransformer({ dropout: 0.1 });
      const trained = trainedParameters(model);
      const run = () => withSavingPolicy(policy, () => forwardBackward(model, tinyBatch(1), { seed: 3, microStep: 0 }));
      const before = live();
      meter.resetPeak();
      run();
      const { peakBytes, phase } = meter.snapshot();
      // Where kernels are composed, the limits below end both passes.
      if (backend.fusesKernels !== true) expect(phase).toBe('backward');
      // A second pass adds to the gradients, which needs a little more.
      run();
      releaseGradients(trained);
      const buffers = engine().memory().numDataBuffers; // constants are made by now
      for (let limit = before; limit < peakBytes; limit += Math.ceil((peakBytes - before) / 150)) {
        meter.limitBytes = limit;
        try {
          expect(run, `limit ${limit}`).toThrow(OutOfMemoryError);
        } finally {
          meter.limitBytes = undefined;
        }
        releaseGradients(trained);
        expect(live(), `limit ${limit}`).toBe(before);
        expect(meter.liveSavedBytes, `limit ${limit}`).toBe(0);
        expect(openScopes()).toBe(0);
        expect(engine().memory().numDataBuffers, `limit ${limit}`).toBe(buffers);
      }
      model.release();
    });

    it('leaves nothing behind where adding up gradients is too much', () => {
      const meter = memoryMeter();
      const x = Parameter.from(new Float32Array(100), [100]); // 400 bytes
      const run = () => differentiate(() => total(add(squared(x), squared(x))));
      meter.resetPeak();
      run();
      const peak = meter.snapshot().peakBytes;
      releaseGradients([['x', x]]);
      for (let limit = 400; limit < peak; limit += 20) {
        meter.limitBytes = limit;
        try {
          expect(run).toThrow(OutOfMemoryError);
        } finally {
          meter.limitBytes = undefined;
        }
        releaseGradients([['x', x]]);
        expect(live(), `limit ${limit}`).toBe(400);
      }
      x.release();
    });
  });
});
