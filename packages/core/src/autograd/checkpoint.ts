import { keep, scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { backward } from './backward.js';
import { differentiable } from './differentiable.js';
import { enableGrad } from './gradMode.js';
import { leafOf, takeGradient } from './leaf.js';
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
        const leaf = keep(leafOf(saved!.get(), context.needs('x'), selection));
        try {
          graphScope(() =>
            scope(() => {
              const again = enableGrad(() => body(leaf));
              backward(again, gradOutput);
            }),
          );
          return { x: takeGradient(leaf) };
        } finally {
          leaf.release();
        }
      },
    };
  });
}
