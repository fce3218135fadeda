import { isLoaded, metaProvider, useBackend, withParameterStorage } from '@leantune/core';
import { readModelConfig, randomModel } from '@leantune/models';
import { expect, it } from 'vitest';
import { applyMethods } from '../index.js';

const llama = readModelConfig({
  model_type: 'llama',
  vocab_size: 50,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 2,
});

/** Bytes of the model's own parameters, made in bfloat16, after the method. */
function baseBytes(spelling: string): { readonly bytes: number; readonly count: number } {
  const model = withParameterStorage('bfloat16', () => randomModel(llama, { kind: 'causal-lm' }, 0));
  const own = model.parameters();
  withParameterStorage('bfloat16', () => applyMethods(model, spelling));
  const total = (of: (parameter: (typeof own)[number]) => number) => own.reduce((sum, each) => sum + of(each), 0);
  const found = { bytes: total(({ storage }) => storage.bytes), count: total(({ size }) => size) };
  model.release();
  return found;
}

it('doubles the bytes of a base that was loaded in bfloat16', async () => {
  const meta = await metaProvider().load();
  if (!isLoaded(meta)) throw new Error(meta.reason);
  await useBackend(meta);
  const loaded = baseBytes('lora(rank=2)');
  expect(loaded.bytes).toBe(2 * loaded.count);
  expect(baseBytes('fp32+lora(rank=2)')).toEqual({ bytes: 4 * loaded.count, count: loaded.count });
});
