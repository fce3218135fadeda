/** Core's ops at the sizes of models: forward and backward, as a training step runs them. */
import {
  Parameter,
  RandomStream,
  adamW,
  attention,
  backward,
  crossEntropy,
  dropout,
  elementCount,
  embedding,
  gelu,
  graphScope,
  layerNorm,
  linear,
  releaseGradients,
  reshapeKernel,
  scope,
  tensorFrom,
  tokenAt,
} from '@leantune/core';
import type { NamedParameter, Tensor } from '@leantune/core';
import { opShapes } from './opShapes.js';
import type { OpName, OpShapes } from './opShapes.js';
import type { OpJob, TurnAnswer } from './protocol.js';
import { timeOp } from './timers.js';

/** What an op trains, and how it is computed from that. */
interface OpCase {
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly forward: () => Tensor;
}

/** Makes the inputs and answers a turn: the median time of one call. */
export function opTimer({ op, shapes }: OpJob): () => Promise<TurnAnswer> {
  const call = opCall(op, opShapes[shapes]);
  return () => timeOp(call);
}

/** One use of an op on inputs that stay: forward and backward, or an update. */
export function opCall(op: OpName, sizes: OpShapes): () => void {
  return op === 'adamw' ? updateCall(sizes) : differentiatedCall(opCases[op](sizes));
}

const opCases: Readonly<Record<Exclude<OpName, 'adamw'>, (sizes: OpShapes) => OpCase>> = {
  /** The up projection of the feed-forward block. */
  linear: ({ batch, length, hidden, inner }) => {
    const x = random('x', [batch, length, hidden]);
    const weight = random('weight', [inner, hidden], 0.02);
    const bias = random('bias', [inner], 0.02);
    return { parameters: { x, weight, bias }, forward: () => linear(x, weight, bias) };
  },
  attention: ({ batch, length, hidden, heads }) => {
    const [query, key, value] = ['query', 'key', 'value'].map((name) => random(name, [batch, length, hidden]));
    return {
      parameters: { query: query!, key: key!, value: value! },
      forward: () => attention(query!, key!, value!, { heads }),
    };
  },
  'layer-norm': ({ batch, length, hidden }) => {
    const x = random('x', [batch, length, hidden]);
    const weight = random('weight', [hidden]);
    const bias = random('bias', [hidden]);
    return { parameters: { x, weight, bias }, forward: () => layerNorm(x, weight, bias, 1e-12) };
  },
  gelu: ({ batch, length, inner }) => {
    const x = random('x', [batch, length, inner]);
    return { parameters: { x }, forward: () => gelu(x) };
  },
  dropout: ({ batch, length, hidden }) => {
    const x = random('x', [batch, length, hidden]);
    return { parameters: { x }, forward: () => dropout(x, { rate: 0.1, key: [1, 2] }) };
  },
  embedding: ({ batch, length, hidden, vocabulary }) => {
    const weight = random('weight', [vocabulary, hidden], 0.02);
    const ids = integers('ids', [batch, length], vocabulary);
    return { parameters: { weight }, forward: () => embedding(ids, weight) };
  },
  /** Of a language head, over a twentieth of the batch's tokens. */
  'cross-entropy': ({ batch, length, vocabulary }) => {
    const rows = Math.ceil((batch * length) / 20);
    const logits = random('logits', [rows, vocabulary]);
    const labels = integers('labels', [rows], vocabulary);
    return { parameters: { logits }, forward: () => crossEntropy(logits, labels) };
  },
};

function differentiatedCall({ parameters, forward }: OpCase): () => void {
  const trained = Object.entries(parameters);
  const shape = scope(() => graphScope(() => forward().shape));
  const gradient = random('gradient', shape);
  return () => {
    graphScope(() => scope(() => backward(forward(), gradient)));
    settle(trained[0]![1].gradient!);
    releaseGradients(trained);
  };
}

/** AdamW over the matrices and vectors of one encoder layer. */
function updateCall({ hidden, inner }: OpShapes): () => void {
  const shapes = [
    ...Array.from({ length: 4 }, () => [[hidden, hidden], [hidden]]).flat(),
    [inner, hidden],
    [inner],
    [hidden, inner],
    ...Array.from({ length: 5 }, () => [hidden]),
  ];
  const parameters = shapes.map((shape, index): NamedParameter => [`${index}`, random(`${index}`, shape)]);
  for (const [name, parameter] of parameters) parameter.gradient = random(`gradient ${name}`, parameter.shape);
  const optimizer = adamW({ learningRate: 1e-5, weightDecay: 0.01 }).create(parameters);
  return () => {
    optimizer.step(1e-5);
    settle(parameters[0]![1]);
  };
}

function random(name: string, shape: readonly number[], deviation = 1): Parameter {
  const stream = new RandomStream(0, 'bench', name);
  // A block over and over: to draw the millions of a vocabulary would take longer than to time them.
  const block = Array.from({ length: 4099 }, () => stream.normal() * deviation);
  return Parameter.from(
    Float32Array.from({ length: elementCount(shape) }, (_, index) => block[index % block.length]!),
    shape,
  );
}

function integers(name: string, shape: readonly number[], below: number): Tensor {
  const stream = new RandomStream(0, 'bench', name);
  const values = Int32Array.from({ length: elementCount(shape) }, () => stream.integer(below));
  // Outlives the scope that a call opens: it belongs to none.
  return tensorFrom(values, shape, 'int32');
}

/** Waits for a device that queues its work: reads one row of what is computed last. */
function settle(value: Tensor): void {
  const features = value.shape.at(-1)!;
  scope(() => tokenAt(reshapeKernel(value, [1, value.size / features, features]), 0).read());
}
