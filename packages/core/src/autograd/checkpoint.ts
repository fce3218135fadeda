import { reshape } from '../kernels/shape.js';
import { memoryMeter } from '../tensor/runtime.js';
import { keep, scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { backward } from './backward.js';
import { differentiable } from './differentiable.js';
import { enableGrad } from './gradMode.js';
import { graphScope } from './node.js';

/**
 * Gradient checkpointing (Chen et al. 2016): runs `body` without recording, keeps only `x`, and runs it again with
 * recording in the backward pass. Gradients of parameters used in `body` accumulate there; random streams are named
 * by module and step, so the second run draws the same numbers.
 *
 * The region is recorded only if `x` requires a gradient or `trains` says that a parameter inside does.
 * @param body uses no tensor that requires a gradient besides `x` and parameters
 */
export function checkpoint(body: (x: Tensor) => Tensor, x: Tensor, trains: readonly Tensor[]): Tensor {
  const inputs: Record<string, Tensor> = { x };
  trains.forEach((parameter, index) => {
    inputs[`parameter${index}`] = parameter;
  });
  return differentiable('checkpoint', inputs, (context) => {
    const output = body(x);
    const saved = context.recording ? context.saveWhole(x) : undefined;
    const { selection } = x;
    return {
      output,
      selection: output.selection,
      backward: (gradOutput) => {
        // A leaf of its own: the inner walk must stop here and leave the outer graph alone.
        const leaf = keep(reshape(saved!.get(), x.shape));
        leaf.selection = selection;
        leaf.requiresGrad = context.needs('x');
        try {
          graphScope(() =>
            scope(() => {
              const again = enableGrad(() => body(leaf));
              backward(again, gradOutput);
            }),
          );
          const gradient = leaf.gradient;
          leaf.gradient = undefined;
          return gradient === undefined ? {} : { x: adopt(gradient) };
        } finally {
          leaf.release();
        }
      },
    };
  });
}

/** Hands the inner leaf's gradient, which nobody's scope owns, to the innermost one: outside it is an intermediate. */
function adopt(gradient: Tensor): Tensor {
  memoryMeter().recategorize(gradient.storage, 'workspace');
  const view = reshape(gradient, gradient.shape);
  gradient.release();
  return view;
}
