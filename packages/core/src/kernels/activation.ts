import type { Tensor } from '../tensor/tensor.js';
import { consume, hasFusedKernel, runKernel } from './dispatch.js';
import {
  add,
  cast,
  errorFunction,
  exponential,
  greater,
  hyperbolicTangent,
  multiply,
  rectify,
  sigmoid,
  square,
  subtract,
} from './elementwise.js';

/**
 * Activation functions and their gradients; nothing is recorded here.
 *
 * gelu: x Φ(x);  geluTanh: x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)));  silu: x σ(x);  relu: max(x, 0);  tanh: tanh(x)
 */
export const activationNames = ['gelu', 'geluTanh', 'silu', 'relu', 'tanh'] as const;
export type ActivationName = (typeof activationNames)[number];

/** f(x) of { x } and the `name` of f; gradient ∘ f' of { gradOutput, at }. */
export const activationKernelName = 'LeantuneActivation';
export const activationGradientKernelName = 'LeantuneActivationGradient';

interface Activation {
  readonly forward: (x: Tensor) => Tensor;
  /** From x; of tanh from tanh(x), of relu from either. */
  readonly derivative: (at: Tensor) => Tensor;
}

/** f(x) */
export function activate(name: ActivationName, x: Tensor): Tensor {
  return hasFusedKernel(activationKernelName)
    ? runKernel(activationKernelName, { x }, { name })
    : activations[name].forward(x);
}

/** gradOutput ∘ f'(x). @param at x; for tanh its output, for relu either of them */
export function activationGradient(name: ActivationName, gradOutput: Tensor, at: Tensor): Tensor {
  return hasFusedKernel(activationGradientKernelName) && gradOutput.storageDtype === at.storageDtype
    ? runKernel(activationGradientKernelName, { gradOutput, at }, { name })
    : multiply(gradOutput, consume(activations[name].derivative(at)));
}

const inverseSquareRootOfTwo = Math.SQRT1_2;
const inverseSquareRootOfTwoPi = 1 / Math.sqrt(2 * Math.PI);
const geluTanhFactor = Math.sqrt(2 / Math.PI);
const geluTanhCubic = 0.044715;

/** Φ(x) of the standard normal distribution. */
function normalCumulative(x: Tensor): Tensor {
  const scaled = consume(multiply(x, inverseSquareRootOfTwo));
  return multiply(consume(add(consume(errorFunction(scaled)), 1)), 0.5);
}

/** tanh(√(2/π) (x + 0.044715 x³)) */
function geluTanhInner(x: Tensor): Tensor {
  const cubic = consume(multiply(consume(multiply(consume(square(x)), geluTanhCubic)), x));
  return hyperbolicTangent(consume(multiply(consume(add(x, cubic)), geluTanhFactor)));
}

const activations: Readonly<Record<ActivationName, Activation>> = {
  gelu: {
    forward: (x) => multiply(x, consume(normalCumulative(x))),
    // Φ(x) + x φ(x)
    derivative: (x) => {
      const exponent = consume(multiply(consume(square(x)), -0.5));
      const density = consume(multiply(consume(exponential(exponent)), inverseSquareRootOfTwoPi));
      const slope = consume(multiply(x, density));
      return add(consume(normalCumulative(x)), slope);
    },
  },
  geluTanh: {
    forward: (x) => multiply(consume(multiply(x, 0.5)), consume(add(consume(geluTanhInner(x)), 1))),
    derivative: (x) => {
      const t = geluTanhInner(x);
      const cubic = consume(multiply(consume(square(x)), 3 * geluTanhCubic));
      const inner = consume(multiply(consume(add(cubic, 1)), geluTanhFactor));
      const slopeOfTanh = consume(subtract(1, consume(square(t))));
      const slope = consume(multiply(consume(multiply(consume(multiply(x, 0.5)), slopeOfTanh)), inner));
      return add(consume(multiply(consume(add(consume(t), 1)), 0.5)), slope);
    },
  },
  silu: {
    forward: (x) => multiply(x, consume(sigmoid(x))),
    // σ(x) (1 + x (1 - σ(x)))
    derivative: (x) => {
      const s = sigmoid(x);
      const inner = consume(add(consume(multiply(x, consume(subtract(1, s)))), 1));
      return multiply(consume(s), inner);
    },
  },
  relu: {
    forward: rectify,
    derivative: (x) => cast(consume(greater(x, 0)), 'float32', x.storageDtype),
  },
  tanh: {
    forward: hyperbolicTangent,
    // 1 - y²
    derivative: (y) => subtract(1, consume(square(y))),
  },
};
