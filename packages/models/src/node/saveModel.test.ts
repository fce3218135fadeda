import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Linear, Module, type Tensor } from '@leantune/core';
import { afterAll, expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { modelFromCheckpoint, randomModel } from '../architecture/buildModel.js';
import { readModelConfig } from '../architecture/registry.js';
import { errorOf } from '../testing/errors.js';
import { openWeights } from './openWeights.js';
import { saveModel } from './saveModel.js';

const root = mkdtempSync(join(tmpdir(), 'leantune-save-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const source = {
  model_type: 'bert',
  vocab_size: 40,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 24,
  max_position_embeddings: 12,
  hidden_act: 'gelu_new',
  classifier_dropout: 0.25,
  layer_norm_eps: 1e-6,
  pad_token_id: 3,
};
const config = readModelConfig(source);

await describeOnBackends('saveModel', ({ name: backend }) => {
  it.each([
    { kind: 'classification', numberOfLabels: 5 },
    { kind: 'regression', numberOfLabels: 1 },
  ] as const)('writes what the loader reads, bit for bit: $kind', async (head) => {
    const folder = join(root, backend, head.kind);
    const model = randomModel(config, head, 1);
    await saveModel(model, folder);
    expect(readdirSync(folder).sort()).toEqual(['config.json', 'model.safetensors']);
    const json: unknown = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    expect(json).toMatchObject({
      architectures: ['BertForSequenceClassification'],
      model_type: 'bert',
      num_labels: head.numberOfLabels,
    });
    expect(json).toMatchObject(source);
    const weights = await openWeights(folder);
    const again = await modelFromCheckpoint(readModelConfig(json), head, weights, folder, 2);
    await weights.close();
    expect(again.freshParameters).toEqual([]);
    const values = (named: typeof model) => [...named.namedParameters()].map(([name, value]) => [name, value.read()]);
    expect(values(again.model)).toEqual(values(model));
    model.release();
    again.model.release();
  });

  it('refuses a model with something inserted, and writes nothing', async () => {
    class Wrapper extends Module<[x: Tensor], Tensor> {
      constructor(private readonly inner: Module<[x: Tensor], Tensor>) {
        super();
        this.addChild('', inner);
      }
      protected forward(x: Tensor): Tensor {
        return this.inner.call(x);
      }
    }
    const model = randomModel(config, { kind: 'regression', numberOfLabels: 1 }, 1);
    const [site] = model.sitesNamed('ffn.up');
    expect(site!.module).toBeInstanceOf(Linear);
    site!.wrap((inner) => new Wrapper(inner));
    const folder = join(root, backend, 'refused');
    const error = await errorOf(() => saveModel(model, folder));
    expect(error.message).toBe(
      'bert.encoder.layer.0.intermediate.dense holds an adapter, which a plain checkpoint has no name for',
    );
    expect(error.exitCode).toBe(2);
    expect(() => readdirSync(folder)).toThrow('ENOENT');
    model.release();
  });
});
