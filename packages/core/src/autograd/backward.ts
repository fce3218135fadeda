import { LeantuneError, UsageError } from '../errors/errors.js';
import { add } from '../kernels/elementwise.js';
import { castStorage, fillAs } from '../kernels/storage.js';
import { messages } from '../messages.js';
import { equalShapes } from '../tensor/dtype.js';
import { memoryMeter } from '../tensor/runtime.js';
import { keep, scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { edgeTo, gradientShape } from './differentiable.js';
import { noGrad } from './gradMode.js';
import { GradientCountdown } from './gradientCountdown.js';
import { isInnerLeaf } from './leaf.js';
import type { GraphEdge, GraphNode } from './node.js';

export interface BackwardOptions {
  /**
   * Called as soon as the gradient of a leaf is complete and nothing that is still to be differentiated reads the leaf: it
   * may be changed, and its gradient released.
   */
  readonly onGradient?: ((leaf: Tensor) => void) | undefined;
}

/**
 * Reverse-mode differentiation of `output`: walks the graph once, newest operation first, adds the gradients of
 * leaves to their `gradient`, and releases every saved tensor and intermediate gradient as soon as it is used.
 *
 * @param gradOutput gradient of `output`, of its gradient's shape; 1 for a scalar by default
 */
export function backward(output: Tensor, gradOutput?: Tensor, { onGradient }: BackwardOptions = {}): void {
  const root = output.node !== undefined || output.requiresGrad ? edgeTo(output) : undefined;
  if (root === undefined) throw new UsageError(messages.backwardWithoutGraph(), { code: 'LEANTUNE_NO_GRAPH' });
  if (gradOutput === undefined && output.size !== 1) {
    throw new UsageError(messages.backwardNotScalar(output.shape), { code: 'LEANTUNE_NOT_SCALAR' });
  }
  const expected = gradientShape(output);
  if (gradOutput !== undefined && !equalShapes(gradOutput.shape, expected)) {
    const found = messages.shapeMismatch('backward: output gradient', `[${expected.join(', ')}]`, gradOutput.shape);
    throw new UsageError(found, { code: 'LEANTUNE_SHAPE' });
  }
  memoryMeter().inPhase('backward', () =>
    noGrad(() => walk(root, rootGradient(output, expected, gradOutput), onGradient)),
  );
}

/** Where the walk starts, held as the output is; the caller's to release. */
function rootGradient({ storageDtype }: Tensor, shape: readonly number[], given: Tensor | undefined): Tensor {
  if (given === undefined) return keep(fillAs(shape, 1, storageDtype));
  const held = castStorage(given, storageDtype);
  return held === given ? given.retain() : keep(held);
}

function walk(root: GraphEdge, gradOutput: Tensor, onGradient: BackwardOptions['onGradient']): void {
  const pending: Pending = new Map();
  try {
    deliver(root, gradOutput, pending);
    const nodes = root.kind === 'node' ? reachable(root.node) : [];
    const countdown = onGradient && new GradientCountdown(nodes, onGradient);
    for (const node of nodes) {
      const gradients = pending.get(node);
      // A node can be reachable and still receive nothing, where an op returned no gradient for an input.
      if (gradients !== undefined) {
        pending.delete(node);
        visit(node, gradients, pending);
      }
      node.release();
      countdown?.visited(node);
    }
  } finally {
    for (const gradients of pending.values()) releaseAll(gradients);
  }
}

/** Gradients of the outputs of nodes that are still to be visited; sparse arrays by output. */
type Pending = Map<GraphNode, (Tensor | undefined)[]>;

function releaseAll(gradients: readonly (Tensor | undefined)[]): void {
  for (const gradient of gradients) gradient?.release();
}

function visit(node: GraphNode, gradOutputs: readonly (Tensor | undefined)[], pending: Pending): void {
  if (node.isReleased) {
    releaseAll(gradOutputs);
    throw new UsageError(messages.graphReleased(node.operation), { code: 'LEANTUNE_GRAPH_RELEASED' });
  }
  memoryMeter().inLayer(node.layer, () => {
    const gradients = scope(() => {
      try {
        const computed = node.backward(gradOutputs);
        // An op may pass its output's gradient on as it is: one more reference for each such input.
        // A Map hides them from the scope, which so drops its own reference and leaves ours.
        return new Map(
          Object.entries(computed).map(([name, value]) => [name, value && held(node, name, value).retain()]),
        );
      } finally {
        releaseAll(gradOutputs);
      }
    });
    // Saved tensors go before the gradients are added up: accumulation needs room of its own.
    node.release();
    try {
      for (const [name, value] of gradients) {
        const edge = node.edges.get(name);
        if (value === undefined || edge === undefined) continue;
        assertShape(node, name, value);
        gradients.delete(name); // the target's from here on
        deliver(edge, value, pending);
      }
    } finally {
      for (const value of gradients.values()) value?.release();
    }
  });
}

/** Where an op takes inputs of several dtypes its gradients come in the widest. */
function held(node: GraphNode, input: string, gradient: Tensor): Tensor {
  const form = node.gradientForms.get(input);
  return form === undefined ? gradient : castStorage(gradient, form.storage);
}

/** Adds a gradient, whose reference it takes over even if it fails, to what its target has so far. */
function deliver(edge: GraphEdge, gradient: Tensor, pending: Pending): void {
  if (edge.kind === 'node') {
    const gradients = pending.get(edge.node) ?? [];
    pending.set(edge.node, gradients);
    const before = gradients[edge.output];
    gradients[edge.output] = before === undefined ? gradient : accumulate(before, gradient);
    return;
  }
  const { leaf } = edge;
  leaf.gradient = leaf.gradient === undefined ? gradient : accumulate(leaf.gradient, gradient);
  if (!isInnerLeaf(leaf)) memoryMeter().recategorize(leaf.gradient.storage, 'gradients');
}

function accumulate(before: Tensor, gradient: Tensor): Tensor {
  try {
    const total = keep(add(before, gradient));
    before.release();
    return total;
  } finally {
    gradient.release();
  }
}

/** All nodes below `root`, newest first: consumers always come before producers. */
function reachable(root: GraphNode): GraphNode[] {
  const seen = new Set<GraphNode>([root]);
  const stack = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    for (const edge of node.edges.values()) {
      if (edge.kind === 'node' && !seen.has(edge.node)) {
        seen.add(edge.node);
        stack.push(edge.node);
      }
    }
  }
  return [...seen].sort((a, b) => b.order - a.order);
}

function assertShape(node: GraphNode, input: string, gradient: Tensor): void {
  const expected = node.gradientForms.get(input)!.shape;
  if (equalShapes(gradient.shape, expected)) return;
  throw new LeantuneError(messages.gradientShape(node.operation, input, expected, gradient.shape), {
    code: 'LEANTUNE_GRADIENT_SHAPE',
  });
}
