/** What one BERT layer keeps for the backward pass, worked by hand, against the meter; and what `lean` saves of `pytorch`. */
import {
  forwardBackward,
  isLoaded,
  releaseGradients,
  trainedParameters,
  useBackend,
  withSavingPolicy,
} from '@leantune/core';
import type { SavingPolicy } from '@leantune/core';
import { nodeProviders } from '@leantune/core/node';
import { applyMethods } from '@leantune/methods';
import { randomModel, readModelConfig } from '@leantune/models';
import { describe, expect, it } from 'vitest';
import { workingFolder } from '../testing/runCli.js';
import { measureMethods } from './measure.js';
import { resolveMemorySettings } from './settings.js';
import { worstCaseBatch } from './worstCaseBatch.js';

const [hidden, heads] = [768, 12];

const config = {
  model_type: 'bert',
  vocab_size: 61,
  hidden_size: hidden,
  num_hidden_layers: 3,
  num_attention_heads: heads,
  intermediate_size: 4 * hidden,
  max_position_embeddings: 512,
  pad_token_id: 0,
};

const policies: readonly SavingPolicy[] = ['pytorch', 'lean'];

async function savedOf(model: string, saving: SavingPolicy, batch: number, seq: number, dropout: number) {
  const words = { model, batch: String(batch), seq: String(seq), dropout: String(dropout), saving };
  const [row] = await measureMethods(await resolveMemorySettings(words));
  return row!.memory;
}

/**
 * Bytes by module of one layer under full fine-tuning.
 * @param states bytes of one hidden tensor [batch, tokens, 768]
 * @param statistic bytes of one number a token
 * @param scores bytes of the attention probabilities [batch, 12, tokens, tokens]
 */
type Formula = (
  sizes: Readonly<Record<'states' | 'statistic' | 'scores', number>>,
  dropout: boolean,
) => Readonly<Record<string, number>>;

const formulas: Readonly<Record<SavingPolicy, Formula>> = {
  // Vaswani et al. 2017 and Devlin et al. 2019 as PyTorch's eager ops differentiate them.
  pytorch: ({ states, statistic, scores }, dropout) => ({
    // the layer's input, which three projections share
    '.attention.self.query': states,
    // queries, keys, values; probabilities; with dropout its mask, a byte an element, and what it left of them
    '.attention.self': 3 * states + scores + (dropout ? scores / 4 + scores : 0),
    // what the heads give, input of the output projection
    '.attention.output.dense': states,
    '.attention.output.dropout': dropout ? states / 4 : 0,
    // input of the norm, mean and 1/σ of each token
    '.attention.output.LayerNorm': states + 2 * statistic,
    // output of the norm, input of the feed-forward block
    '.intermediate.dense': states,
    // input of GELU
    '': 4 * states,
    // output of GELU
    '.output.dense': 4 * states,
    '.output.dropout': dropout ? states / 4 : 0,
    '.output.LayerNorm': states + 2 * statistic,
  }),
  // 10 hidden tensors and 1/σ twice; the input is the normalised value that the layer before keeps.
  lean: ({ states, statistic }) => ({
    '.attention.self': 3 * states, // queries, keys, values
    '.attention.output.dense': states, // what the heads give
    '.attention.output.LayerNorm': states + statistic, // normalised value, 1/σ
    '': 4 * states, // input of GELU
    '.output.LayerNorm': states + statistic,
  }),
};

describe('one BERT layer, 12 heads, 768 wide', () => {
  for (const saving of policies) {
    for (const dropout of [0, 0.1]) {
      it(`keeps under ${saving} what the formula says, term by term (dropout ${dropout})`, async () => {
        const model = workingFolder({ 'config.json': JSON.stringify(config) });
        for (const [batch, tokens] of [
          [4, 128],
          [3, 100],
        ] as const) {
          const { savedBytesByLayer } = await savedOf(model, saving, batch, tokens, dropout);
          const layer = 'bert.encoder.layer.1';
          const measured = Object.entries(savedBytesByLayer)
            .filter(([path]) => path === layer || path.startsWith(`${layer}.`))
            .map(([path, bytes]) => [path.slice(layer.length), bytes]);
          const sizes = {
            states: 4 * batch * tokens * hidden,
            statistic: 4 * batch * tokens,
            scores: 4 * batch * heads * tokens * tokens,
          };
          const expected = Object.entries(formulas[saving](sizes, dropout > 0)).filter(([, bytes]) => bytes > 0);
          expect(Object.fromEntries(measured)).toEqual(Object.fromEntries(expected));
        }
      });
    }
  }

  it.each([
    [128, 0.52],
    [512, 0.33],
  ])('BERT-base at %i tokens, dropout 0.1: lean saves at most %f of pytorch', async (tokens, most) => {
    const [pytorch, lean] = await Promise.all(
      policies.map((each) => savedOf('bert-base-uncased', each, 2, tokens, 0.1)),
    );
    expect(lean!.savedBytes / pytorch!.savedBytes).toBeLessThanOrEqual(most);
  });
});

const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

describe('gradients under lean', async () => {
  for (const provider of nodeProviders()) {
    const backend = await provider.load();
    if (!isLoaded(backend)) {
      it.skip(`${provider.name}: skipped: ${backend.reason}`, () => undefined);
      continue;
    }
    it(`are those under pytorch, 12 heads, 768 wide, dropout 0.1 [${provider.name}]`, async () => {
      await useBackend(backend);
      const own = { ...config, num_hidden_layers: 1 };
      const model = randomModel(
        readModelConfig(own, { dropout: 0.1 }),
        { kind: 'classification', numberOfLabels: 2 },
        1,
      );
      applyMethods(model, 'full');
      const trained = trainedParameters(model);
      const batch = worstCaseBatch(model, own, 1, 128);
      batch.inputs.inputIds!.data.forEach((_, index, ids) => (ids[index] = index % 61));
      const [pytorch, lean] = policies.map((policy) => {
        withSavingPolicy(policy, () => forwardBackward(model, batch, { seed: 3, microStep: 5 }));
        const gradients = trained.map(([, { gradient }]) => Float32Array.from(gradient!.read()));
        releaseGradients(trained);
        return gradients;
      });
      model.release();
      for (const [index, [name]] of trained.entries()) {
        const [a, b] = [pytorch![index]!, lean![index]!];
        const difference = norm(a.map((value, at) => value - b[at]!));
        // The gradient of a key's bias is 0 but for rounding.
        expect(difference, name).toBeLessThanOrEqual(1e-5 * norm(a) + 1e-6);
      }
    });
  }
});
