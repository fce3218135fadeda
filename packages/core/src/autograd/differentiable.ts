import { LeantuneError } from '../errors/errors.js';
import { messages } from '../messages.js';
import { scope } from '../tensor/scope.js';
import type { TokenSelection } from '../tensor/selection.js';
import type { Tensor } from '../tensor/tensor.js';
import { isRecording, noGrad } from './gradMode.js';
import { GraphNode, type GradientForm, type GraphEdge, type InputGradients, type NodeBackward } from './node.js';
import { savingPolicy } from './policy.js';
import { Recipe, saveRows, saveWhole, type Recompute, type SavedValue } from './saved.js';

type OpInputs = Readonly<Record<string, Tensor | undefined>>;

/** What an op's forward pass may do besides computing. */
export interface OpContext<Inputs extends OpInputs> {
  /** Whether the gradient of an input will be asked for. */
  needs(input: keyof Inputs & string): boolean;
  /** Whether any gradient will be asked for. */
  readonly recording: boolean;
  /** Holds a tensor for the backward pass: its selected rows where it carries a selection, else all of it. */
  save(tensor: Tensor): SavedValue;
  /** Holds all rows, whatever the selection: keys and values of attention. */
  saveWhole(tensor: Tensor): SavedValue;
}

export interface OpResult {
  readonly output: Tensor;
  /** Absent where the op saves nothing to differentiate with (then it must not be recorded). */
  readonly backward: (gradOutput: Tensor) => InputGradients;
  /** Set by ops that end or start a selection; by default the output carries the inputs' one. */
  readonly selection?: TokenSelection | undefined;
  /** How consumers can recompute the output row by row under `lean`. */
  readonly recipe?: { readonly sources: readonly Tensor[]; readonly compute: Recompute };
}

/**
 * Defines one differentiable operation at its call: runs `forward` without recording, releases what it neither
 * returned nor saved, and records a node if an input requires a gradient.
 *
 * The gradient of an input that carries a token selection has shape [batch, tokens, ...] instead of
 * [batch, length, ...].
 */
export function differentiable<Inputs extends OpInputs>(
  operation: string,
  inputs: Inputs,
  forward: (context: OpContext<Inputs>) => OpResult,
): Tensor {
  const [output] = differentiableOutputs(operation, inputs, (context) => {
    const { backward, ...result } = forward(context);
    return { outputs: [result], backward: ([gradOutput]) => backward(gradOutput!) };
  });
  return output!;
}

/**
 * The same with several outputs. The gradient of one that nothing depends on is undefined; one of the others is there.
 */
export function differentiableOutputs<Inputs extends OpInputs>(
  operation: string,
  inputs: Inputs,
  forward: (context: OpContext<Inputs>) => {
    readonly outputs: readonly Omit<OpResult, 'backward'>[];
    readonly backward: NodeBackward;
  },
): Tensor[] {
  const needed = new Set<string>();
  if (isRecording()) {
    for (const [name, tensor] of Object.entries(inputs)) if (tensor?.requiresGrad === true) needed.add(name);
  }
  const recording = needed.size > 0;
  const saved: SavedValue[] = [];
  const holding = (save: (tensor: Tensor) => SavedValue) => (tensor: Tensor) => {
    if (!recording) return notSaved(operation);
    const value = save(tensor);
    saved.push(value);
    return value;
  };
  const context: OpContext<Inputs> = {
    needs: (input) => needed.has(input),
    recording,
    save: holding(saveRows),
    saveWhole: holding(saveWhole),
  };

  let backward: NodeBackward | undefined;
  let outputs: Tensor[];
  try {
    outputs = scope(() => {
      const result = noGrad(() => forward(context));
      backward = result.backward;
      return result.outputs.map(({ output, recipe, ...rest }) => {
        output.selection = 'selection' in rest ? rest.selection : commonSelection(operation, inputs);
        // Of a frozen operation nothing is saved: a recipe would only keep its sources alive.
        if (recipe !== undefined && recording && savingPolicy() === 'lean') {
          output.recipe = new Recipe(recipe.sources, recipe.compute);
        }
        return output;
      });
    });
  } catch (error) {
    for (const value of saved) value.release();
    throw error;
  }
  if (recording && backward !== undefined) {
    const edges = new Map<string, GraphEdge>();
    const forms = new Map<string, GradientForm>();
    for (const name of needed) {
      const tensor = inputs[name]!;
      edges.set(name, edgeTo(tensor));
      forms.set(name, { shape: gradientShape(tensor), storage: tensor.storageDtype });
    }
    const node = new GraphNode(operation, edges, forms, saved, backward);
    for (const [index, output] of outputs.entries()) {
      output.requiresGrad = true;
      output.node = node;
      output.nodeOutput = index;
    }
  }
  return outputs;
}

/** Where the gradient of a tensor goes. */
export function edgeTo(tensor: Tensor): GraphEdge {
  const { node, nodeOutput } = tensor;
  return node === undefined ? { kind: 'leaf', leaf: tensor } : { kind: 'node', node, output: nodeOutput };
}

/** [batch, length, ...] → [batch, tokens, ...] where a selection is carried. */
export function gradientShape(tensor: Tensor): readonly number[] {
  const { selection, shape } = tensor;
  return selection === undefined ? shape : [selection.batch, selection.tokens, ...shape.slice(2)];
}

function commonSelection(operation: string, inputs: OpInputs): TokenSelection | undefined {
  let common: TokenSelection | undefined;
  for (const tensor of Object.values(inputs)) {
    if (tensor?.selection === undefined) continue;
    if (common !== undefined && common !== tensor.selection) {
      throw new LeantuneError(messages.selectionMismatch(operation), { code: 'LEANTUNE_SELECTION' });
    }
    common = tensor.selection;
  }
  return common;
}

function notSaved(operation: string): SavedValue {
  return {
    get: () => {
      throw new LeantuneError(messages.notSaved(operation), { code: 'LEANTUNE_NOT_SAVED' });
    },
    release: () => undefined,
  };
}
