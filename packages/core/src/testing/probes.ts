import { backward } from '../autograd/backward.js';
import { differentiable } from '../autograd/differentiable.js';
import { graphScope } from '../autograd/node.js';
import { consume } from '../kernels/dispatch.js';
import * as kernels from '../kernels/elementwise.js';
import { sum } from '../kernels/reduce.js';
import { fill } from '../kernels/shape.js';
import { memoryMeter } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import type { Parameter } from '../tensor/parameter.js';
import type { Tensor } from '../tensor/tensor.js';

/** Operations simple enough to count their bytes and gradients by hand. */

export const live = () => memoryMeter().liveBytes;

/** x² elementwise, saving x; `atBackward` sees the moment at which the walk arrives. */
export function squared(x: Tensor, atBackward: () => void = () => undefined): Tensor {
  return differentiable('squared', { x }, (context) => {
    const saved = context.needs('x') ? context.save(x) : undefined;
    return {
      output: kernels.multiply(x, x),
      backward: (gradOutput) => {
        atBackward();
        return { x: kernels.multiply(consume(kernels.multiply(saved!.get(), 2)), gradOutput) };
      },
    };
  });
}

/** Σx. */
export function total(x: Tensor): Tensor {
  return differentiable('total', { x }, () => ({
    output: sum(x),
    backward: (gradOutput) => ({ x: kernels.multiply(fill(x.shape, 1), gradOutput) }),
  }));
}

/** Runs one backward pass in scopes of its own. */
export const differentiate = (f: () => Tensor) => graphScope(() => scope(() => backward(f())));

export const gradientOf = (parameter: Parameter): number[] | undefined =>
  parameter.gradient === undefined ? undefined : [...parameter.gradient.read()];
