import { memoryMeter } from '../tensor/runtime.js';
import type { Tensor } from '../tensor/tensor.js';
import type { GraphNode } from './node.js';

/**
 * Knows when the gradient of a leaf is complete: when every operation that reads it has been differentiated. A region that
 * recomputes counts as one operation, whose inputs are the parameters inside.
 */
export class GradientCountdown {
  /** Operations that are still to be differentiated, by leaf. */
  private readonly readers = new Map<Tensor, number>();

  constructor(
    nodes: readonly GraphNode[],
    private readonly onGradient: (leaf: Tensor) => void,
  ) {
    for (const node of nodes) {
      for (const leaf of leavesOf(node)) this.readers.set(leaf, (this.readers.get(leaf) ?? 0) + 1);
    }
  }

  visited(node: GraphNode): void {
    for (const leaf of leavesOf(node)) {
      const left = this.readers.get(leaf)! - 1;
      this.readers.set(leaf, left);
      if (left === 0 && leaf.gradient !== undefined) memoryMeter().inLayer(node.layer, () => this.onGradient(leaf));
    }
  }
}

function leavesOf({ edges }: GraphNode): Set<Tensor> {
  const leaves = new Set<Tensor>();
  for (const edge of edges.values()) if (edge.kind === 'leaf') leaves.add(edge.leaf);
  return leaves;
}
