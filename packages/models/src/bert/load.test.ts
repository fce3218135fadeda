import { RandomParameterSource, type LeantuneError } from '@leantune/core';
import { expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { openSafetensors } from '../safetensors/reader.js';
import { memorySource } from '../safetensors/source.js';
import { encodeSafetensors, type WritableTensor } from '../safetensors/writer.js';
import type { HeadOptions } from '../transformer/head.js';
import type { TransformerModel } from '../transformer/model.js';
import { modelFromCheckpoint, randomModel } from '../architecture/buildModel.js';
import { readModelConfig } from '../architecture/registry.js';
import { errorOf } from '../testing/errors.js';
import { itHasTheTensorsOf, recordingSource } from '../testing/checkpointTensors.js';

const classification: HeadOptions = { kind: 'classification', numberOfLabels: 3 };
const json = {
  model_type: 'bert',
  vocab_size: 20,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 6,
};
const config = readModelConfig(json);

type Tensors = Record<string, WritableTensor>;

/** A checkpoint of random values under the names of a model. */
function tensorsOf(model: TransformerModel): Tensors {
  return Object.fromEntries(
    [...model.namedParameters()].map(([name, parameter]): [string, WritableTensor] => [
      name,
      { dtype: 'float32', shape: parameter.shape, data: Float32Array.from(parameter.read()) },
    ]),
  );
}

const rename = (tensors: Tensors, to: (name: string) => string): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [to(name), tensor]));

const without = (tensors: Tensors, dropped: RegExp): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => !dropped.test(name)));

async function load(tensors: Tensors, seed = 5) {
  const checkpoint = await openSafetensors(memorySource(encodeSafetensors(tensors), 'checkpoint.safetensors'));
  return modelFromCheckpoint(config, classification, checkpoint, 'checkpoint.safetensors', seed).finally(() =>
    checkpoint.close(),
  );
}

await describeOnBackends('modelFromCheckpoint', () => {
  const source = (): Tensors => {
    const model = randomModel(config, classification, 1);
    const tensors = tensorsOf(model);
    model.release();
    return tensors;
  };

  it('takes every value by name', async () => {
    const tensors = source();
    const { model, freshParameters } = await load(tensors);
    expect(tensorsOf(model)).toEqual(tensors);
    expect(freshParameters).toEqual([]);
    model.release();
  });

  it.each<[string, (tensors: Tensors) => Tensors]>([
    ['without the prefix of the base model', (tensors) => rename(tensors, (name) => name.replace(/^bert\./, ''))],
    [
      'with gamma and beta for gain and shift',
      (tensors) =>
        rename(tensors, (name) =>
          name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta'),
        ),
    ],
    [
      'with buffers and heads of other tasks',
      (tensors) => ({
        ...tensors,
        'bert.embeddings.position_ids': { dtype: 'int32', shape: [1, 6], data: Int32Array.from([0, 1, 2, 3, 4, 5]) },
        'cls.predictions.bias': { dtype: 'float32', shape: [20], data: new Float32Array(20) },
      }),
    ],
  ])('reads checkpoints %s', async (_name, change) => {
    const tensors = source();
    const { model, freshParameters } = await load(change(tensors));
    expect(tensorsOf(model)).toEqual(tensors);
    expect(freshParameters).toEqual([]);
    model.release();
  });

  it('starts an absent head and pooler fresh, says so, and repeats with its seed', async () => {
    const tensors = source();
    const bare = without(tensors, /^(classifier|bert\.pooler)/);
    const [first, again, other] = [await load(bare, 5), await load(bare, 5), await load(bare, 6)];
    expect(first.freshParameters).toEqual([
      'bert.pooler.dense.weight',
      'bert.pooler.dense.bias',
      'classifier.weight',
      'classifier.bias',
    ]);
    const values = tensorsOf(first.model);
    expect(without(values, /^(classifier|bert\.pooler)/)).toEqual(bare);
    expect(tensorsOf(again.model)).toEqual(values);
    expect(tensorsOf(other.model)['classifier.weight']).not.toEqual(values['classifier.weight']);
    expect(values['classifier.bias']!.data).toEqual(new Float32Array(3));
    // As transformers: normal with the configuration's initializer range (24 draws).
    const largest = Math.max(...Array.from(values['classifier.weight']!.data, Math.abs));
    expect(largest).toBeGreaterThan(0);
    expect(largest).toBeLessThan(0.02 * 5);
    for (const { model } of [first, again, other]) model.release();
  });

  it('lists all that an encoder lacks, and leaves nothing behind', async () => {
    const tensors = source();
    const one = await errorOf(() => load(without(tensors, /layer\.1\.attention\.self\.key\.bias/)));
    expect(one.message).toBe(
      'checkpoint.safetensors: 1 tensors of the model are missing: bert.encoder.layer.1.attention.self.key.bias',
    );
    expect(one).toMatchObject({ name: 'CorruptFileError', exitCode: 3, code: 'LEANTUNE_CHECKPOINT_INCOMPLETE' });
    const many: LeantuneError = await errorOf(() => load(without(tensors, /layer\.0/)));
    expect(many.message).toMatch(
      /^checkpoint\.safetensors: 16 tensors of the model are missing: (bert\.encoder\.layer\.0\.\S+, ){8}…$/,
    );
    expect(many.remedy).toBe('Use the config.json that belongs to the checkpoint, or another checkpoint.');
  });

  it('leaves nothing behind where a tensor has another shape', async () => {
    const tensors = source();
    const name = 'bert.encoder.layer.1.output.dense.weight';
    tensors[name] = { dtype: 'float32', shape: [8, 4], data: new Float32Array(32) };
    // The meter is asked after every test: what was built before the wrong tensor must be gone.
    await expect(load(tensors)).rejects.toThrow(`tensor "${name}" has shape [8, 4], the model expects [8, 12]`);
  });
});

await describeOnBackends('BertForSequenceClassification', () => {
  itHasTheTensorsOf(/^(model|tokentune)-bert-/, (shapeOf) => ({
    ...classification,
    numberOfLabels: shapeOf('classifier.bias')[0]!,
  }));

  it('counts the parameters of all-MiniLM-L6-v2', () => {
    const miniLm = readModelConfig({
      model_type: 'bert',
      vocab_size: 30522,
      hidden_size: 384,
      num_hidden_layers: 6,
      num_attention_heads: 12,
      intermediate_size: 1536,
    });
    const model = miniLm.create(classification, recordingSource(new Map()));
    const head = 3 * 384 + 3;
    // 22,713,216: elements of the published model.safetensors without its position ids.
    expect(model.parameterCounts()).toEqual({ trainable: 22_713_216 + head, total: 22_713_216 + head });
    model.setTrained((name) => model.isHeadParameter(name));
    expect(model.parameterCounts()).toEqual({ trainable: head, total: 22_713_216 + head });
    model.release();
  });

  it('starts as transformers does: normal weights, zero biases, gains of one', () => {
    const found = new Map<string, string>();
    const model = config.create(classification, recordingSource(found));
    model.release();
    for (const [name, start] of found) {
      const expected = name.endsWith('bias') ? 'zeros' : name.includes('LayerNorm') ? 'ones' : 'normal';
      expect(start.split(' ')[1], name).toBe(expected);
    }
    expect(found.get('bert.embeddings.word_embeddings.weight')).toBe('[20,8] normal');
    expect(found.get('bert.encoder.layer.1.output.dense.weight')).toBe('[8,12] normal');
    expect(found.size).toBe(5 + 2 * 16 + 2 + 2);
  });

  it('changes no other value where one is added', () => {
    const values = (layers: number) => {
      const model = readModelConfig({ ...json, num_hidden_layers: layers }).create(
        classification,
        new RandomParameterSource(4, 0.02),
      );
      const tensors = tensorsOf(model);
      model.release();
      return tensors;
    };
    expect(values(3)).toMatchObject(values(2));
  });

  it('lists its sites in forward order, with stable addresses and paths', () => {
    const model = randomModel(config, classification, 0);
    const layer = (index: number) =>
      [
        ['attention.query', 'attention.self.query'],
        ['attention.key', 'attention.self.key'],
        ['attention.value', 'attention.self.value'],
        ['attention.output', 'attention.output.dense'],
        ['attention.norm', 'attention.output.LayerNorm'],
        ['ffn.up', 'intermediate.dense'],
        ['ffn.down', 'output.dense'],
        ['ffn.norm', 'output.LayerNorm'],
      ].map(([name, path]) => [{ name, stack: 'encoder', layer: index }, `bert.encoder.layer.${index}.${path}`]);
    expect(model.sites.map(({ address, path }) => [address, path])).toEqual([
      [{ name: 'embeddings.token' }, 'bert.embeddings.word_embeddings'],
      [{ name: 'embeddings.position' }, 'bert.embeddings.position_embeddings'],
      [{ name: 'embeddings.type' }, 'bert.embeddings.token_type_embeddings'],
      [{ name: 'embeddings.norm' }, 'bert.embeddings.LayerNorm'],
      ...layer(0),
      ...layer(1),
      [{ name: 'pooler' }, 'bert.pooler.dense'],
      [{ name: 'head' }, 'classifier'],
    ]);
    expect(model.sitesNamed('ffn.down').map(({ path }) => path)).toEqual([
      'bert.encoder.layer.0.output.dense',
      'bert.encoder.layer.1.output.dense',
    ]);
    expect(() => model.sitesNamed('ffn.dwon')).toThrow(
      /^unknown site "ffn\.dwon" on BertForSequenceClassification; did you mean "ffn\.down"\? \(known: embeddings\.token, embeddings\.position, embeddings\.type, embeddings\.norm, attention\.query, /,
    );
    model.release();
  });
});
