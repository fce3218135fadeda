import { isLoaded, metaProvider, useBackend, type SavingPolicy } from '@leantune/core';
import { randomModel, readModelConfig, type TransformerModel } from '@leantune/models';
import { expect, it } from 'vitest';
import type { MethodDefinition } from '../contract/method.js';
import { layerBytes, optionsOfMemory, type LayerMemory } from '../memory/layerMemory.js';
import { messages } from '../messages.js';
import { measureStep } from './measureStep.js';
import { fullBatch } from './zeroBert.js';

interface Shape {
  readonly B: number;
  readonly T: number;
  readonly H: number;
  readonly F: number;
  readonly A: number;
}

/** Sizes without a common ratio, which the reductions of adapters and side networks divide. */
const shapes: readonly Shape[] = [
  { B: 2, T: 41, H: 128, F: 320, A: 4 },
  { B: 3, T: 37, H: 96, F: 512, A: 3 },
  { B: 1, T: 50, H: 256, F: 96, A: 8 },
];

/** Layers of the smaller model, and how many more the larger one has: whole segments of every `checkpoint`. */
const [layers, more] = [4, 4];
const policies: readonly SavingPolicy[] = ['lean', 'pytorch'];

interface LayerComparison {
  readonly spelling: string;
  readonly shape: Shape;
  readonly policy: SavingPolicy;
  /** Of the formula. */
  readonly expectedBytes: number;
  /** By how much a layer raises `savedBytes` of one step on the meta backend. */
  readonly measuredBytes: number;
}

/** Registers the test of a method's formulas, where it has any. */
export function itKeepsWhatItSays(definition: MethodDefinition): void {
  const { name, memory } = definition;
  if (memory === undefined) return;
  it(`${name}: a layer keeps what its formulas say`, async () => {
    for (const { measuredBytes, ...comparison } of await compareLayerMemory(definition, memory)) {
      expect({ ...comparison, measuredBytes }).toEqual({ ...comparison, measuredBytes: comparison.expectedBytes });
    }
  });
}

/**
 * What the formulas of a method say beside what a step keeps, for several shapes, both policies, and two values of each
 * option that the formulas name. Leaves the meta backend active.
 */
async function compareLayerMemory(definition: MethodDefinition, memory: LayerMemory): Promise<LayerComparison[]> {
  const meta = await metaProvider().load();
  if (isLoaded(meta)) await useBackend(meta);
  const { name, options } = definition;
  const makeModel = [bertOf, optOf].find((make) => isSupported(definition, make(shapes[0]!, layers)));
  if (makeModel === undefined) throw new TypeError(messages.formulaNeedsModel(name));
  const standard = optionsOfMemory(memory, options);
  return [1, 2].flatMap((times) => {
    const values = Object.fromEntries(Object.entries(standard).map(([option, value]) => [option, times * value]));
    const spelled = Object.entries(values).map(([option, value]) => `${option}=${value}`);
    const spelling = spelled.length === 0 ? name : `${name}(${spelled.join(',')})`;
    return shapes.flatMap((shape) =>
      policies.map((policy) => {
        const saved = (depth: number) =>
          measureStep(makeModel(shape, depth), spelling, policy, fullBatch(shape.B, shape.T)).savedBytes;
        return {
          spelling,
          shape,
          policy,
          expectedBytes: layerBytes(memory, policy, { ...shape, ...values }),
          measuredBytes: (saved(layers + more) - saved(layers)) / more,
        };
      }),
    );
  });
}

function isSupported(definition: MethodDefinition, model: TransformerModel): boolean {
  const supports = definition.supports(model) === true;
  model.release();
  return supports;
}

const shared = { vocab_size: 100, max_position_embeddings: 256 };
const classification = { kind: 'classification', numberOfLabels: 2 } as const;

function bertOf({ H, F, A }: Shape, depth: number): TransformerModel {
  const sizes = { hidden_size: H, intermediate_size: F, num_attention_heads: A, num_hidden_layers: depth };
  const dropout = { hidden_dropout_prob: 0.1, attention_probs_dropout_prob: 0.1 };
  return randomModel(readModelConfig({ model_type: 'bert', ...shared, ...sizes, ...dropout }), classification, 0);
}

function optOf({ H, F, A }: Shape, depth: number): TransformerModel {
  const sizes = { hidden_size: H, ffn_dim: F, num_attention_heads: A, num_hidden_layers: depth };
  return randomModel(readModelConfig({ model_type: 'opt', ...shared, ...sizes, dropout: 0.1 }), classification, 0);
}
