import { expect, it, describe, beforeEach } from 'vitest';
import { withAutocast } from '../autograd/autocast.js';
import { backward } from '../autograd/backward.js';
import { checkpoint } from '../autograd/checkpoint.js';
import { withSavingPolicy } from '../autograd/policy.js';
import type { LoadedBackend } from '../backend/backend.js';
import { metaProvider } from '../backend/meta/provider.js';
import { useBackend } from '../backend/useBackend.js';
import { castStorage, fillAs } from '../kernels/storage.js';
import { adamW } from '../optim/adamW.js';
import { Parameter } from '../tensor/parameter.js';
import { memoryMeter } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { TinyTransformer, tinyBatch } from '../testing/tinyTransformer.js';
import { measureStepMemory } from '../train/measure.js';
import { trainedParameters } from '../train/train.js';
import { gelu } from './activation.js';
import { add } from './arithmetic.js';
import { attention } from './attention.js';
import { layerNorm } from './layerNorm.js';
import { linear } from './linear.js';
import { crossEntropy } from './loss.js';
import { rmsNorm } from './rmsNorm.js';

const meta = (await metaProvider().load()) as LoadedBackend;
const parameter = (shape: readonly number[]) => Parameter.filled(shape, 0.5);
const [B, T, H] = [2, 3, 4];

describe('autocast', () => {
  beforeEach(() => useBackend(meta));

  /** As torch.autocast("cuda") does: products low, normalisation and losses in float32, the rest as it comes. */
  it('decides what each op computes in', () => {
    scope(() => {
      const x = fillAs([B, T, H], 1, 'float32');
      const [weight, gain, shift] = [parameter([H, H]), parameter([H]), parameter([H])];
      for (const each of [weight, gain, shift]) each.requiresGrad = false;
      withAutocast('bfloat16', () => {
        const product = linear(x, weight, shift);
        const found = {
          linear: product,
          gelu: gelu(product),
          attention: attention(product, x, x, { heads: 2 }),
          residual: add(product, x),
          layerNorm: layerNorm(product, gain, shift, 1e-5),
          rmsNorm: rmsNorm(product, gain, 1e-5),
        };
        expect(Object.fromEntries(Object.entries(found).map(([op, { storageDtype }]) => [op, storageDtype]))).toEqual({
          linear: 'bfloat16',
          gelu: 'bfloat16',
          attention: 'bfloat16',
          residual: 'float32',
          layerNorm: 'float32',
          rmsNorm: 'float32',
        });
        const logits = castStorage(fillAs([2, 3], 0, 'float32'), 'bfloat16');
        expect(crossEntropy(logits, fillAs([2], 1, 'int32')).storageDtype).toBe('float32');
      });
      expect(linear(x, weight, shift).storageDtype).toBe('float32');
      for (const each of [weight, gain, shift]) each.release();
    });
    expect(memoryMeter().liveBytes).toBe(0);
  });

  it('gives every input a gradient that is held as the input is', () => {
    scope(() => {
      const [weight, other] = [parameter([H, H]), parameter([B, T, H])];
      withAutocast('float16', () => {
        const product = linear(other, weight); // float16
        backward(add(product, other), fillAs([B, T, H], 1, 'float32'));
      });
      expect([weight.gradient!.storageDtype, other.gradient!.storageDtype]).toEqual(['float32', 'float32']);
      for (const each of [weight, other]) each.release();
    });
  });

  it('runs a checkpointed region again as it ran first', () => {
    const seen: string[] = [];
    scope(() => {
      const weight = parameter([H, H]);
      const body = (x: Tensor) => {
        const product = linear(x, weight);
        seen.push(product.storageDtype);
        return product;
      };
      const x = parameter([B, T, H]);
      const output = withAutocast('bfloat16', () => checkpoint(body, x, [weight]));
      backward(output, fillAs([B, T, H], 1, 'bfloat16'));
      for (const each of [weight, x]) each.release();
    });
    expect(seen).toEqual(['bfloat16', 'bfloat16']);
  });

  it('keeps no copy of a weight under lean, and one of each under pytorch', () => {
    const savedBy = (frozen: boolean, policy: 'lean' | 'pytorch') =>
      withSavingPolicy(policy, () =>
        scope(() => {
          const [x, weight] = [parameter([B, T, H]), parameter([H, H])];
          weight.requiresGrad = !frozen;
          const output = withAutocast('bfloat16', () => linear(x, weight));
          const saved = memoryMeter().liveSavedBytes;
          backward(output, fillAs([B, T, H], 1, 'bfloat16'));
          for (const each of [x, weight]) each.release();
          return saved;
        }),
      );
    const [ofWeight, ofInput] = [H * H * 2, B * T * H * 2];
    expect([savedBy(true, 'lean'), savedBy(false, 'lean')]).toEqual([0, 0]); // both are parameters here
    expect([savedBy(true, 'pytorch'), savedBy(false, 'pytorch')]).toEqual([ofWeight, ofWeight + ofInput]);
  });

  it('halves what products keep in a whole step', () => {
    const measure = (autocast: 'bfloat16' | undefined) => {
      const model = new TinyTransformer({ dropout: 0.1 });
      model.autocast = autocast;
      const trained = trainedParameters(model);
      const state = adamW({ learningRate: 0.1 }).create(trained);
      const memory = measureStepMemory(model, state, trained, tinyBatch(1), { seed: 1, microStep: 0 });
      state.release();
      model.release();
      return memory;
    };
    const [full, mixed] = [measure(undefined), measure('bfloat16')];
    expect(mixed.staticBytes).toBe(full.staticBytes);
    // Of 2 × 5 tokens, 8 features: the normalised values of three norms and their rstd stay float32, and so does the row
    // that the pooler reads; queries, keys, values, context, what the activation reads, the pooled values and the logits
    // come out of products.
    const hidden = 10 * 8 * 4;
    const products = 3 * hidden + hidden + 4 * hidden + 2 * 8 * 4 + 2 * 3 * 4;
    expect(full.savedBytes).toBe(products + 3 * hidden + 3 * 10 * 4 + 2 * 8 * 4);
    expect(mixed.savedBytes).toBe(full.savedBytes - products / 2);
  });
});
