import {
  Module,
  isLoaded,
  metaProvider,
  predict,
  scope,
  tensorFrom,
  trainedParameters,
  useBackend,
  type Tensor,
} from '@leantune/core';
import { randomModel, readModelConfig, type HeadOptions, type ResidualParts } from '@leantune/models';
import { describe, expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { applyMethods, parseMethodSpec } from '../index.js';
import { classification, tinyBert } from '../testing/tinyBert.js';
import { tinyModels } from '../testing/tinyModels.js';
import { placementOf } from './placement.js';
import type { MeftOptions } from './options.js';

const messageOf = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('accepted');
};

describe('options', () => {
  it.each([
    [
      'meft1(gradient=exact,lambda=0.1)',
      'meft1.lambda: gradient=exact shifts by whole bits: expected 1, 1/2, 1/4, …, 2^-15; the nearest is 0.125',
    ],
    ['meft2(gradient=exact,beta=2)', 'the nearest is 1'],
    ['meft1(width=0)', 'meft1.width'],
    ['meft1(lambda=0)', 'meft1.lambda'],
    ['meft1(reversibleLayers=0)', 'meft1.reversibleLayers'],
    ['meft1(placement=all,reversibleLayers=2)', 'placement=all makes every layer reversible'],
    [
      'meft1(placement=top-with-frozen-lower,reversibleLayers=5,reference=true)',
      'the published code splits the adapted layers into halves; the nearest even number is 6',
    ],
    ['meft1+lora', 'meft1 and lora both decide about "weights"'],
    ['meft1+meft2', 'meft1 and meft2 both decide about "weights"'],
  ])('%s is refused', (spelling, message) => {
    expect(messageOf(() => parseMethodSpec(spelling))).toContain(message);
  });

  it.each<[Partial<MeftOptions>, number, number, number]>([
    [{}, 0, 6, 0],
    [{ gradient: 'vanilla' }, 0, 0, 6],
    [{ reversibleLayers: 4 }, 0, 4, 2],
    [{ reversibleLayers: 4, placement: 'lower', reference: true }, 0, 4, 2],
    [{ reversibleLayers: 4, placement: 'top-with-frozen-lower' }, 2, 4, 0],
    [{ reversibleLayers: 4, placement: 'top-with-frozen-lower', reference: true }, 2, 2, 2],
    [{ reversibleLayers: 4, placement: 'top-with-frozen-lower', gradient: 'vanilla' }, 2, 0, 4],
  ])('of 6 layers %j leaves %i frozen, %i reversible, %i ordinary', (options, frozen, reversible, ordinary) => {
    const defaults = { gradient: 'reversible', reference: false } as MeftOptions;
    expect(placementOf(6, { ...defaults, ...options })).toEqual({ frozen, reversible, ordinary });
  });
});

describe('trained parameters', () => {
  // Counts of the published settings; biases, two adapters a layer, no head: 2 (2 H r + r + H) a layer.
  it.each([
    ['bert', 12, 768, 'meft1(width=8)', 313_536],
    ['bert', 12, 768, 'meft3(width=8)', 313_536],
    ['roberta', 24, 1024, 'meft2(width=8)', 835_968],
    ['opt', 24, 2048, 'meft1(width=64,reversibleLayers=16,placement=top-with-frozen-lower)', 8_456_192],
    ['opt', 32, 4096, 'meft1(width=64,reversibleLayers=16,placement=top-with-frozen-lower)', 16_910_336],
  ])('%s of %i layers, hidden %i: %s', async (modelType, layers, hidden, method, expected) => {
    const meta = await metaProvider().load();
    if (!isLoaded(meta)) throw new Error('meta always loads');
    await useBackend(meta);
    const config = {
      model_type: modelType,
      vocab_size: 100,
      hidden_size: hidden,
      num_hidden_layers: layers,
      num_attention_heads: 16,
      intermediate_size: 8,
      ffn_dim: 8,
      max_position_embeddings: 64,
    };
    const head: HeadOptions =
      modelType === 'opt' ? { kind: 'causal-lm' } : { kind: 'classification', numberOfLabels: 2 };
    const model = randomModel(readModelConfig(config), head, 0);
    applyMethods(model, method);
    const count = trainedParameters(model)
      .filter(([name]) => !model.isHeadParameter(name))
      .reduce((sum, [, { size }]) => sum + size, 0);
    expect(count).toBe(expected);
    model.release();
  });
});

const fixture = tinyBert(classification);

/** A sum whose random numbers no stream names. */
class NoisySum extends Module<[parts: ResidualParts], Tensor> {
  override readonly isDeterministic = false;
  protected forward({ output }: ResidualParts): Tensor {
    return output;
  }
}

await describeOnBackends('MEFT', () => {
  it('refuses more reversible layers than there are, and leaves the model as it was', () => {
    const model = fixture.make();
    expect(() => applyMethods(model, 'meft1(reversibleLayers=3)')).toThrow(
      expect.objectContaining({
        message: '3 reversible layers are more than the 2 of BertForSequenceClassification; the nearest value is 2',
        remedy: 'reversibleLayers=2',
      }),
    );
    expect(model.stacks[0]!.layers.every(({ feedForward }) => feedForward.sum === undefined)).toBe(true);
    model.release();
  });

  const bertOf = (layers: number) => {
    const sizes = { hidden_size: 8, num_attention_heads: 2, intermediate_size: 8 };
    const config = {
      model_type: 'bert',
      vocab_size: 30,
      max_position_embeddings: 8,
      num_hidden_layers: layers,
      ...sizes,
    };
    return randomModel(readModelConfig(config), classification, 0);
  };
  const halved = 'placement=top-with-frozen-lower,reference=true';
  const inHalves = 'the published code splits the adapted layers into halves, and BertForSequenceClassification has';

  it.each([
    [5, halved, `${inHalves} 5; the nearest even number is 4`, 'reversibleLayers=4'],
    [1, halved, `${inHalves} 1`, 'leave reference=true out'],
    [1, `reversibleLayers=2,${halved}`, `${inHalves} 1`, 'leave reference=true out'],
    [
      5,
      `reversibleLayers=6,${halved}`,
      '6 reversible layers are more than the 5 of BertForSequenceClassification; the nearest value is 4',
      'reversibleLayers=4',
    ],
  ])('of %i layers refuses meft1(%s), and leaves the model as it was', (layers, options, message, remedy) => {
    const model = bertOf(layers);
    const names = [...model.namedParameters()].map(([name]) => name);
    expect(() => applyMethods(model, `meft1(${options})`)).toThrow(
      expect.objectContaining({ name: 'UsageError', code: 'LEANTUNE_REVERSIBLE_LAYERS', message, remedy }),
    );
    expect([...model.namedParameters()].map(([name]) => name)).toEqual(names);
    model.release();
  });

  it.each([
    [4, halved],
    [5, `reversibleLayers=4,${halved}`],
    [5, 'placement=top-with-frozen-lower'],
  ])('of %i layers accepts meft1(%s)', (layers, options) => {
    const model = bertOf(layers);
    expect(() => applyMethods(model, `meft1(${options})`)).not.toThrow();
    model.release();
  });

  it.each([
    [
      'meft1(combineScale=0.5)',
      'meft1: combineScale=0.5 does not fit: combine is mean on bert, which has no such factor',
    ],
    ['meft3(combine=learned,combineScale=0)', 'meft3: combineScale=0 does not fit: combine is learned, which has'],
  ])('refuses %s, whose factor nothing reads', (spelling, message) => {
    const model = fixture.make();
    expect(() => applyMethods(model, spelling)).toThrow(
      expect.objectContaining({ code: 'LEANTUNE_OPTION_UNFIT', message: expect.stringContaining(message) as string }),
    );
    expect(model.stacks[0]!.layers.every(({ feedForward }) => feedForward.sum === undefined)).toBe(true);
    model.release();
  });

  it('takes a factor where the streams are summed', () => {
    const opt = tinyModels.find(({ modelType }) => modelType === 'opt')!;
    for (const [make, spelling] of [
      [() => fixture.make(), 'meft1(combine=sum,combineScale=0.5)'],
      [() => opt.make(), 'meft1(combineScale=0.5)'],
    ] as const) {
      const model = make();
      expect(() => applyMethods(model, spelling)).not.toThrow();
      model.release();
    }
  });

  it('refuses a module that is not deterministic, but for ordinary gradients', () => {
    const model = fixture.make();
    model.stacks[0]!.layers[1]!.insert('noisy', new NoisySum());
    expect(() => applyMethods(model, 'meft2')).toThrow(
      expect.objectContaining({
        message:
          'meft2 runs layers a second time in the backward pass, and bert.encoder.layer.1.noisy is not deterministic',
        remedy: 'meft2(gradient=vanilla)',
      }),
    );
    applyMethods(model, 'meft2(gradient=vanilla)');
    model.release();
  });

  it('refuses a model that holds adapters, and a family that it is not defined for', () => {
    const model = fixture.make();
    applyMethods(model, 'houlsby');
    expect(() => applyMethods(model, 'meft1')).toThrow('its layers hold adapters already');
    model.release();
    const config = { model_type: 'distilbert', vocab_size: 30, dim: 8, n_layers: 1, n_heads: 2, hidden_dim: 8 };
    const other = randomModel(readModelConfig(config), classification, 0);
    expect(() => applyMethods(other, 'meft1')).toThrow('MEFT is defined for bert, roberta, opt, bart, llama, vit');
    other.release();
  });

  it.each([
    ['meft1', 'lambda'],
    ['meft3', 'lambda=1e-4,beta'],
  ])('%s starts at the pretrained network as its factors go to 0', (method, factor) => {
    const logits = (spelling?: string) => {
      const model = fixture.make();
      if (spelling !== undefined) {
        applyMethods(model, spelling);
        // Without adapters only the factors stand between the two.
        for (const [name, parameter] of model.namedParameters()) {
          if (!name.includes('_adapter.')) continue;
          scope(() => parameter.assign(tensorFrom(new Float32Array(parameter.size), parameter.shape)));
        }
      }
      const found = predict(model, fixture.batch(0)).logits;
      model.release();
      return found;
    };
    const plain = logits();
    // The main stream alone.
    const found = logits(`${method}(${factor}=1e-4,gradient=vanilla,combine=sum,combineScale=0)`);
    expect(Math.max(...found.map((value, index) => Math.abs(value - plain[index]!)))).toBeLessThan(2e-3);
  });
});
