import { currentLayer } from '../memory/layer.js';
import type { StorageDType } from '../tensor/dtype.js';
import type { Tensor } from '../tensor/tensor.js';
import type { SavedValue } from './saved.js';

/** Where a gradient goes: to the operation that made an input, or to a leaf. */
export type GraphEdge =
  | { readonly kind: 'node'; readonly node: GraphNode; readonly output: number }
  | { readonly kind: 'leaf'; readonly leaf: Tensor };

/** The gradient of an input is held as the input is. */
export interface GradientForm {
  readonly shape: readonly number[];
  readonly storage: StorageDType;
}

/** Gradients of the inputs, by input name. */
export type InputGradients = Readonly<Record<string, Tensor | undefined>>;

/** Computes the gradients of the inputs from those of the outputs; an output that nothing depends on has none. */
export type NodeBackward = (gradOutputs: readonly (Tensor | undefined)[]) => InputGradients;

let created = 0;

/** One recorded operation. Creation order is a topological order of the graph. */
export class GraphNode {
  readonly order = created++;
  /** Module path at record time: the backward pass reports under the same layer. */
  readonly layer = currentLayer();
  private saved: readonly SavedValue[] | undefined;

  constructor(
    readonly operation: string,
    readonly edges: ReadonlyMap<string, GraphEdge>,
    /** Shape that each input's gradient must have, and how it is held. */
    readonly gradientForms: ReadonlyMap<string, GradientForm>,
    saved: readonly SavedValue[],
    readonly backward: NodeBackward,
  ) {
    this.saved = saved;
    trackNode(this);
  }

  get isReleased(): boolean {
    return this.saved === undefined;
  }

  /** Lets go of everything held for the backward pass. */
  release(): void {
    for (const value of this.saved ?? []) value.release();
    this.saved = undefined;
    openGraphs.at(-1)?.delete(this);
  }
}

const openGraphs: Set<GraphNode>[] = [];

function trackNode(node: GraphNode): void {
  openGraphs.at(-1)?.add(node);
}

/**
 * Runs `body` and releases whatever graph it recorded and did not walk, so that a step that fails, or whose loss
 * is never differentiated, leaves nothing behind.
 */
export function graphScope<T>(body: () => T): T {
  const nodes = new Set<GraphNode>();
  openGraphs.push(nodes);
  try {
    return body();
  } finally {
    for (const node of [...nodes]) node.release();
    openGraphs.pop();
  }
}
