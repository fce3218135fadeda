import { describe, expect, it } from 'vitest';
import { LeantuneError, UsageError } from '../errors/errors.js';
import * as kernels from '../kernels/elementwise.js';
import { sum } from '../kernels/reduce.js';
import { fill } from '../kernels/shape.js';
import { add, scale } from '../ops/arithmetic.js';
import { linear } from '../ops/linear.js';
import { Parameter } from '../tensor/parameter.js';
import { memoryMeter } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import { tensorFrom } from '../tensor/tensor.js';
import { describeOnBackends } from '../testing/backends.js';
import { differentiate, gradientOf, live, squared, total } from '../testing/probes.js';
import { backward } from './backward.js';
import { differentiable } from './differentiable.js';
import { enableGrad, isRecording, noGrad } from './gradMode.js';
import { graphScope } from './node.js';
import { savingPolicy, withSavingPolicy } from './policy.js';

await describeOnBackends('autograd', () => {
  describe('gradients', () => {
    it('add up over all uses of a leaf: d(x² + 3x + x)/dx = 2x + 4', () => {
      const x = Parameter.from([1, -2], [2]);
      differentiate(() => total(add(add(squared(x), scale(x, 3)), x)));
      expect(gradientOf(x)).toEqual([6, 0]);
      expect(memoryMeter().liveByCategory).toMatchObject({ parameters: 8, gradients: 8, workspace: 0 });
      x.release();
    });

    it('add up over backward passes', () => {
      const x = Parameter.from([1, -2], [2]);
      differentiate(() => total(squared(x)));
      differentiate(() => total(scale(x, 10)));
      expect(gradientOf(x)).toEqual([12, 6]);
      expect(memoryMeter().liveByCategory).toMatchObject({ gradients: 8, workspace: 0 });
      x.release();
    });

    it('walk a diamond once per node: d(a² + a)²/dx with a = 2x', () => {
      const x = Parameter.from([1, 0.5], [2]);
      let visits = 0;
      differentiate(() => {
        const a = scale(x, 2);
        return total(
          squared(
            add(
              squared(a, () => visits++),
              a,
            ),
            () => visits++,
          ),
        );
      });
      // 2 (a² + a) (2a + 1) · 2: 2 · 6 · 5 · 2 and 2 · 2 · 3 · 2
      expect(gradientOf(x)).toEqual([120, 24]);
      expect(visits).toBe(2);
      x.release();
    });

    it('of one value passed on twice: d(x + x)/dx = 2, also where the sum is the output', () => {
      const x = Parameter.from([7], []);
      differentiate(() => add(x, x));
      expect(gradientOf(x)).toEqual([2]);
      x.release();
    });

    it('of a leaf itself is the output gradient', () => {
      const x = Parameter.from([7], []);
      differentiate(() => x);
      expect(gradientOf(x)).toEqual([1]);
      x.release();
    });

    it('start from the output gradient that is given', () => {
      const x = Parameter.from([1, 2, 3], [3]);
      graphScope(() => scope(() => backward(squared(x), tensorFrom([1, 10, 100], [3]))));
      expect(gradientOf(x)).toEqual([2, 40, 600]);
      x.release();
    });

    it('reach a leaf through a node that gives others none', () => {
      const [x, y] = [Parameter.from([2], []), Parameter.from([3], [])];
      differentiate(() =>
        differentiable('first', { x, y: scale(y, 1) }, () => ({
          output: kernels.multiply(x, 5),
          backward: (gradOutput) => ({ x: kernels.multiply(gradOutput, 5), y: undefined }),
        })),
      );
      expect(gradientOf(x)).toEqual([5]);
      expect(y.gradient).toBeUndefined();
      x.release();
      y.release();
    });
  });

  describe('recording', () => {
    it('a frozen sub-graph saves nothing and has no node', () => {
      const frozen = Parameter.from([1, 2, 3, 4], [2, 2]);
      frozen.requiresGrad = false;
      const trained = Parameter.from([1, 1], [1, 2]);
      memoryMeter().resetPeak();
      graphScope(() =>
        scope(() => {
          const input = squared(squared(tensorFrom([1, 2], [1, 2])));
          const below = linear(input, frozen);
          expect(below.node).toBeUndefined();
          expect(below.requiresGrad).toBe(false);
          expect(memoryMeter().liveSavedBytes).toBe(0);
          const loss = total(linear(below, trained));
          // The input of the one trained linear: [1, 2] float32.
          expect(memoryMeter().liveSavedBytes).toBe(8);
          backward(loss);
        }),
      );
      expect(memoryMeter().snapshot().savedBytes).toBe(8);
      expect(frozen.gradient).toBeUndefined();
      // x = [1, 16], below = x Wᵀ = [1·1 + 16·2, 1·3 + 16·4]
      expect(gradientOf(trained)).toEqual([33, 67]);
      frozen.release();
      trained.release();
    });

    it('a frozen weight saves no input, yet the gradient passes through', () => {
      const frozen = Parameter.from([1, 2, 3, 4], [2, 2]);
      frozen.requiresGrad = false;
      const x = Parameter.from([1, 1], [1, 2]);
      memoryMeter().resetPeak();
      differentiate(() => total(linear(x, frozen)));
      expect(memoryMeter().snapshot().savedBytes).toBe(0);
      expect(gradientOf(x)).toEqual([4, 6]); // column sums of the weight
      frozen.release();
      x.release();
    });

    it('noGrad records nothing, enableGrad inside it does, and errors restore both', () => {
      const x = Parameter.from([3], []);
      graphScope(() =>
        scope(() => {
          noGrad(() => {
            expect(squared(x).node).toBeUndefined();
            expect(memoryMeter().liveSavedBytes).toBe(0);
            expect(enableGrad(() => squared(x)).requiresGrad).toBe(true);
            expect(isRecording()).toBe(false);
          });
          const fail = () => {
            throw new Error('inside');
          };
          expect(() => noGrad(fail)).toThrow('inside');
          expect(isRecording()).toBe(true);
          expect(() => noGrad(() => enableGrad(fail))).toThrow('inside');
          expect(isRecording()).toBe(true);
        }),
      );
      x.release();
    });

    it('the policy of a region ends with it', () => {
      expect(savingPolicy()).toBe('lean');
      expect(() =>
        withSavingPolicy('pytorch', () => {
          expect(savingPolicy()).toBe('pytorch');
          throw new Error('inside');
        }),
      ).toThrow('inside');
      expect(savingPolicy()).toBe('lean');
    });
  });

  describe('errors', () => {
    const usageError = (message: string, code: string) =>
      expect.objectContaining({ message, code, exitCode: 2 }) as Error;

    it('a second backward pass through one graph', () => {
      const x = Parameter.from([3], []);
      graphScope(() =>
        scope(() => {
          const y = squared(x);
          backward(y);
          expect(() => backward(y)).toThrow(UsageError);
          expect(() => backward(y)).toThrow(
            usageError(
              'backward: the graph through squared was released already; run the forward pass again',
              'LEANTUNE_GRAPH_RELEASED',
            ),
          );
        }),
      );
      expect(gradientOf(x)).toEqual([6]);
      x.release();
    });

    it('an output that is no scalar', () => {
      const x = Parameter.from([3, 4], [2]);
      graphScope(() =>
        scope(() => {
          expect(() => backward(squared(x))).toThrow(
            usageError(
              'backward: an output of shape [2] needs an explicit output gradient; only scalars have a default',
              'LEANTUNE_NOT_SCALAR',
            ),
          );
        }),
      );
      expect(x.gradient).toBeUndefined();
      x.release();
    });

    it('an output gradient of another shape', () => {
      const x = Parameter.from([3, 4], [2]);
      graphScope(() =>
        scope(() => {
          expect(() => backward(squared(x), tensorFrom([1], [1]))).toThrow(
            usageError('backward: output gradient: expected shape [2], found [1]', 'LEANTUNE_SHAPE'),
          );
        }),
      );
      expect(x.gradient).toBeUndefined();
      x.release();
    });

    it('an output that depends on nothing trained', () => {
      const x = Parameter.from([3], []);
      const message =
        'backward: the output depends on nothing that requires a gradient (is every parameter frozen, or was it computed inside noGrad?)';
      scope(() => {
        expect(() => backward(tensorFrom([1], []))).toThrow(usageError(message, 'LEANTUNE_NO_GRAPH'));
        expect(() => backward(noGrad(() => squared(x)))).toThrow(usageError(message, 'LEANTUNE_NO_GRAPH'));
      });
      x.release();
    });

    it('an op whose gradient has another shape, with nothing left behind', () => {
      const [a, b, c] = [1, 2, 3].map((value) => Parameter.from([value, value], [2])) as [
        Parameter,
        Parameter,
        Parameter,
      ];
      const run = () =>
        differentiate(() =>
          differentiable('wrong', { a, b, c }, () => ({
            output: sum(a),
            backward: () => ({ a: fill([2], 1), b: fill([3], 1), c: fill([2], 1) }),
          })),
        );
      expect(run).toThrow(LeantuneError);
      expect(run).toThrow('wrong: gradient of "b" has shape [3], expected [2]');
      for (const parameter of [a, b, c]) parameter.release();
      expect(live()).toBe(0);
    });

    it('an op that asks for what it did not save', () => {
      const x = Parameter.from([1], []);
      x.requiresGrad = false;
      scope(() => {
        const output = differentiable('frozen', { x }, (context) => {
          const saved = context.save(x);
          expect(() => saved.get()).toThrow('frozen: asked for a tensor that was not saved for its backward pass');
          return { output: kernels.multiply(x, 1), backward: () => ({}) };
        });
        expect(output.node).toBeUndefined();
      });
      x.release();
    });

    it('an op that fails after saving lets go of what it saved', () => {
      const x = Parameter.from([1, 2], [2]);
      scope(() => {
        const y = squared(squared(x));
        expect(() =>
          differentiable('failing', { y }, (context) => {
            context.save(y);
            throw new Error('inside');
          }),
        ).toThrow('inside');
        expect(memoryMeter().liveSavedBytes).toBe(8); // x² of the outer square
        backward(total(y));
      });
      x.release();
    });
  });
});
