import { reshape } from '../kernels/shape.js';
import type { TokenSelection } from '../tensor/selection.js';
import type { Tensor } from '../tensor/tensor.js';

const innerLeaves = new WeakSet<Tensor>();

/** Whether the gradient of a leaf is an intermediate of an outer walk, and not a parameter's. */
export function isInnerLeaf(leaf: Tensor): boolean {
  return innerLeaves.has(leaf);
}

/** A view of `x` at which an inner walk stops: the outer graph is left alone. Belongs to the innermost scope. */
export function leafOf(x: Tensor, requiresGrad: boolean, selection: TokenSelection | undefined): Tensor {
  const leaf = reshape(x, x.shape);
  leaf.selection = selection;
  leaf.requiresGrad = requiresGrad;
  innerLeaves.add(leaf);
  return leaf;
}

/** Hands the gradient of an inner leaf to the innermost scope: outside the inner graph it is an intermediate. */
export function takeGradient(leaf: Tensor): Tensor | undefined {
  const { gradient } = leaf;
  if (gradient === undefined) return undefined;
  leaf.gradient = undefined;
  const view = reshape(gradient, gradient.shape);
  gradient.release();
  return view;
}
