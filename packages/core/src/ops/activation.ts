import { differentiable } from '../autograd/differentiable.js';
import { savingPolicy } from '../autograd/policy.js';
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
} from '../kernels/elementwise.js';
import { consume } from '../kernels/dispatch.js';
import type { Tensor } from '../tensor/tensor.js';

/** y = f(x) with f'(x) computed from x alone. */
interface Activation {
  readonly forward: (x: Tensor) => Tensor;
  readonly derivative: (x: Tensor) => Tensor;
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

const geluActivation: Activation = {
  forward: (x) => multiply(x, consume(normalCumulative(x))),
  // Φ(x) + x φ(x)
  derivative: (x) => {
    const exponent = consume(multiply(consume(square(x)), -0.5));
    const density = consume(multiply(consume(exponential(exponent)), inverseSquareRootOfTwoPi));
    const slope = consume(multiply(x, density));
    return add(consume(normalCumulative(x)), slope);
  },
};

/** tanh(√(2/π) (x + 0.044715 x³)) */
function geluTanhInner(x: Tensor): Tensor {
  const cubic = consume(multiply(consume(multiply(consume(square(x)), geluTanhCubic)), x));
  return hyperbolicTangent(consume(multiply(consume(add(x, cubic)), geluTanhFactor)));
}

const geluTanhActivation: Activation = {
  forward: (x) => multiply(consume(multiply(x, 0.5)), consume(add(consume(geluTanhInner(x)), 1))),
  derivative: (x) => {
    const t = geluTanhInner(x);
    const cubic = consume(multiply(consume(square(x)), 3 * geluTanhCubic));
    const inner = consume(multiply(consume(add(cubic, 1)), geluTanhFactor));
    const slopeOfTanh = consume(subtract(1, consume(square(t))));
    const slope = consume(multiply(consume(multiply(consume(multiply(x, 0.5)), slopeOfTanh)), inner));
    return add(consume(multiply(consume(add(consume(t), 1)), 0.5)), slope);
  },
};

const reluActivation: Activation = {
  forward: (x) => rectify(x),
  derivative: (x) => cast(consume(greater(x, 0)), 'float32', x.storageDtype),
};

const siluActivation: Activation = {
  forward: (x) => multiply(x, consume(sigmoid(x))),
  // σ(x) (1 + x (1 - σ(x)))
  derivative: (x) => {
    const s = sigmoid(x);
    const inner = consume(add(consume(multiply(x, consume(subtract(1, s)))), 1));
    return multiply(consume(s), inner);
  },
};

/** Saves x; under `lean` consumers recompute y from it, under `pytorch` they keep y as well. */
function applyActivation(operation: string, x: Tensor, { forward, derivative }: Activation): Tensor {
  return differentiable(operation, { x }, (context) => {
    const output = forward(x);
    const savedX = context.needs('x') ? context.save(x) : undefined;
    return {
      output,
      recipe: { sources: [x], compute: ([value]) => forward(value!) },
      backward: (gradOutput) => ({ x: savedX && multiply(gradOutput, consume(derivative(savedX.get()))) }),
    };
  });
}

/** x Φ(x), PyTorch's default GELU. */
export function gelu(x: Tensor): Tensor {
  return applyActivation('gelu', x, geluActivation);
}

/** The tanh approximation of GELU (`gelu_new`, `gelu_pytorch_tanh`). */
export function geluTanh(x: Tensor): Tensor {
  return applyActivation('geluTanh', x, geluTanhActivation);
}

/** x σ(x). */
export function silu(x: Tensor): Tensor {
  return applyActivation('silu', x, siluActivation);
}

/** max(x, 0). PyTorch keeps the output, from which the derivative follows as well; so do we under `pytorch`. */
export function relu(x: Tensor): Tensor {
  if (savingPolicy() === 'lean') return applyActivation('relu', x, reluActivation);
  return fromOutput('relu', x, rectify, reluActivation.derivative);
}

/** tanh(x); the derivative 1 - y² is taken from the output, which is all that is kept. */
export function tanh(x: Tensor): Tensor {
  return fromOutput('tanh', x, hyperbolicTangent, (y) => subtract(1, consume(square(y))));
}

function fromOutput(
  operation: string,
  x: Tensor,
  forward: (x: Tensor) => Tensor,
  derivativeOfOutput: (y: Tensor) => Tensor,
): Tensor {
  return differentiable(operation, { x }, (context) => {
    const output = forward(x);
    output.selection = x.selection; // the rows that are saved
    const savedOutput = context.needs('x') ? context.save(output) : undefined;
    return {
      output,
      backward: (gradOutput) => ({
        x: savedOutput && multiply(gradOutput, consume(derivativeOfOutput(savedOutput.get()))),
      }),
    };
  });
}
