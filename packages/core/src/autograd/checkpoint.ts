import { keep, scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { autocastDType, withAutocast } from './autocast.js';
import { backward } from './backward.js';
import { differentiable } from './differentiable.js';
import { enableGrad } from './gradMode.js';
import { leafOf, takeGradient } from './leaf.js';
import { graphScope } from './node.js';

/** What a region reads besides its input and parameters. */
export interface CheckpointReads {
  /** Values that may require gradients, e.g. what a decoder attends to. */
  readonly shared?: readonly Tensor[];
  /** Values without gradients: masks. They are kept alive until the backward pass. */
  readonly constants?: readonly Tensor[];
}

/**
 * Gradient checkpointing (Chen et al. 2016): runs `body` without recording, keeps only its inputs, and runs it again with
 * recording in the backward pass. Gradients of parameters used in `body` accumulate there; random streams are named
 * by module and step, so the second run draws the same numbers.
 *
 * The region is recorded only if an input requires a gradient or `trains` says that a parameter inside does.
 * @param body uses no tensor that requires a gradient besides parameters, `x` and `shared`, which it is called with
 */
export function checkpoint(
  body: (x: Tensor, shared: readonly Tensor[]) => Tensor,
  x: Tensor,
  trains: readonly Tensor[],
  { shared = [], constants = [] }: CheckpointReads = {},
): Tensor {
  const inputs = new Map<string, Tensor>([['x', x]]);
  shared.forEach((tensor, index) => inputs.set(`shared${index}`, tensor));
  const named = [...inputs];
  trains.forEach((parameter, index) => inputs.set(`parameter${index}`, parameter));
  return differentiable('checkpoint', Object.fromEntries(inputs), (context) => {
    const autocast = autocastDType();
    const output = body(x, shared);
    const saved = named.map(([name, { selection }]) => ({ name, selection, needsGradient: context.needs(name) }));
    // Where nothing is recorded, the backward pass that reads them never runs.
    const hold = (tensor: Tensor) => (context.recording ? [context.saveWhole(tensor)] : []);
    const values = named.flatMap(([, input]) => hold(input));
    constants.forEach(hold);
    return {
      output,
      selection: output.selection,
      backward: (gradOutput) => {
        const leaves = saved.map(({ selection, needsGradient }, index) =>
          keep(leafOf(values[index]!.get(), needsGradient, selection)),
        );
        try {
          graphScope(() =>
            scope(() => {
              const again = withAutocast(autocast, () => enableGrad(() => body(leaves[0]!, leaves.slice(1))));
              backward(again, gradOutput);
            }),
          );
          return Object.fromEntries(leaves.map((leaf, index) => [saved[index]!.name, takeGradient(leaf)]));
        } finally {
          for (const leaf of leaves) leaf.release();
        }
      },
    };
  });
}
