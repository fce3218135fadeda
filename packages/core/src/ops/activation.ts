import { differentiable } from '../autograd/differentiable.js';
import { savingPolicy } from '../autograd/policy.js';
import { activate, activationGradient, type ActivationName } from '../kernels/activation.js';
import type { Tensor } from '../tensor/tensor.js';

/** Saves x; under `lean` consumers recompute y from it, under `pytorch` they keep y as well. */
function fromInput(name: ActivationName, x: Tensor): Tensor {
  return differentiable(name, { x }, (context) => {
    const output = activate(name, x);
    const savedX = context.needs('x') ? context.save(x) : undefined;
    return {
      output,
      recipe: { sources: [x], compute: ([value]) => activate(name, value!) },
      backward: (gradOutput) => ({ x: savedX && activationGradient(name, gradOutput, savedX.get()) }),
    };
  });
}

/** Saves y alone. */
function fromOutput(name: 'relu' | 'tanh', x: Tensor): Tensor {
  return differentiable(name, { x }, (context) => {
    const output = activate(name, x);
    output.selection = x.selection; // the rows that are saved
    const savedOutput = context.needs('x') ? context.save(output) : undefined;
    return {
      output,
      backward: (gradOutput) => ({ x: savedOutput && activationGradient(name, gradOutput, savedOutput.get()) }),
    };
  });
}

/** x Φ(x), PyTorch's default GELU. */
export function gelu(x: Tensor): Tensor {
  return fromInput('gelu', x);
}

/** The tanh approximation of GELU (`gelu_new`, `gelu_pytorch_tanh`). */
export function geluTanh(x: Tensor): Tensor {
  return fromInput('geluTanh', x);
}

/** x σ(x). */
export function silu(x: Tensor): Tensor {
  return fromInput('silu', x);
}

/** max(x, 0). PyTorch keeps the output, from which the derivative follows as well; so do we under `pytorch`. */
export function relu(x: Tensor): Tensor {
  return savingPolicy() === 'lean' ? fromInput('relu', x) : fromOutput('relu', x);
}

/** tanh(x); the derivative is taken from the output, which is all that is kept. */
export function tanh(x: Tensor): Tensor {
  return fromOutput('tanh', x);
}
