import { describe, expect, it } from 'vitest';
import * as kernels from '../kernels/elementwise.js';
import { Parameter } from '../tensor/parameter.js';
import type { Tensor } from '../tensor/tensor.js';
import { describeOnBackends } from '../testing/backends.js';
import { squared, total } from '../testing/probes.js';
import { differentiable } from './differentiable.js';
import { gradCheck } from './gradCheck.js';

await describeOnBackends('finite differences', () => {
  describe('gradCheck', () => {
    it('finds a wrong gradient, restores values and leaves no gradients', () => {
      const x = Parameter.from([1, 2, 3], [3]);
      const wrong = (value: Tensor) =>
        differentiable('wrong', { value }, () => ({
          output: kernels.multiply(value, 2),
          backward: (gradOutput) => ({ value: gradOutput }),
        }));
      const [result] = gradCheck(() => total(wrong(x)), { x });
      expect(result!.maxNumeric).toBeCloseTo(2, 3);
      expect(result!.maxAbsoluteError).toBeCloseTo(1, 3);
      expect(result!.maxRelativeError).toBeCloseTo(0.5, 3);
      expect(gradCheck(() => total(squared(x)), { x })[0]!.maxRelativeError).toBeLessThan(1e-3);
      expect([...x.read()]).toEqual([1, 2, 3]);
      expect(x.gradient).toBeUndefined();
      x.release();
    });

    it('looks at no more elements than asked for', () => {
      const x = Parameter.from(new Float32Array(40), [40]);
      let evaluations = 0;
      const evaluate = () => {
        evaluations += 1;
        return total(squared(x));
      };
      gradCheck(evaluate, { x }, { elements: 24 });
      // One backward pass and two values an element: 20 elements, every second.
      expect(evaluations).toBe(1 + 2 * 20);
      x.release();
    });
  });
});
