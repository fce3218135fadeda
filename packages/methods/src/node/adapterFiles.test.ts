import { predict, trainedParameters, type LeantuneError } from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import { openWeights, saveSafetensors } from '@leantune/models/node';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { applyMethods } from '../index.js';
import { classification, tinyBert } from '../testing/tinyBert.js';
import { loadAdapter, loadAdapterTensors, saveAdapter } from './adapterFiles.js';

const root = mkdtempSync(join(tmpdir(), 'leantune-adapter-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const fixture = tinyBert(classification);
const batch = fixture.batch(0);

/** Everything that a failed load must leave alone. */
function stateOf(model: TransformerModel) {
  return [...model.namedParameters()].map(([name, parameter]) => ({
    name,
    trained: parameter.requiresGrad,
    values: Float32Array.from(parameter.read()),
  }));
}

const trainedValues = (model: TransformerModel) =>
  trainedParameters(model).map(([name, parameter]) => [name, Float32Array.from(parameter.read())]);

async function failure(action: Promise<unknown>): Promise<LeantuneError> {
  return action.then(
    () => {
      throw new Error('expected an error, but it went well');
    },
    (error: LeantuneError) => error,
  );
}

/** Names of the query updates of layer 0, as PEFT stores them. */
const stored = (name: string) => `base_model.model.bert.encoder.layer.0.attention.self.query.${name}.weight`;

await describeOnBackends('adapter files', ({ name: backend }) => {
  const folderOf = (name: string) => join(root, backend, name);

  /** An adapter with a random B, saved; the caller may damage its files. */
  async function saved(name: string, spelling = 'lora(rank=4)'): Promise<string> {
    const folder = folderOf(name);
    const model = fixture.make();
    applyMethods(model, spelling, { seed: 8 });
    await saveAdapter(model, folder);
    model.release();
    const file = join(folder, 'adapter_model.safetensors');
    const weights = await openWeights(file);
    const tensors = await Promise.all(
      weights.names().map(async (key) => {
        const { shape, data } = await weights.read(key);
        const values = Float32Array.from(data, (value, index) => value + 0.1 * Math.sin(index + key.length));
        return [key, { dtype: 'float32', shape, data: values }] as const;
      }),
    );
    await weights.close();
    await saveSafetensors(file, Object.fromEntries(tensors));
    return folder;
  }

  it.each([
    'lora(rank=4)',
    'lora(rank=2,alpha=6,targets=all-linear,rankStabilized=true)',
    'lora(rank=2,dropout=0.1,targets=[ffn.down])',
    'lora(rank=2,targets=[attention.output,ffn.down])',
    'lora(rank=3)+tokentune(tokens=4,head=cls)',
    'dora(rank=4)',
    'dora(rank=2,alpha=6,targets=all-linear)',
    'ia3',
    'ia3(outputs=[attention.output],inputs=[attention.query])',
    'qlora(rank=4)',
    'nf4(blockSize=128,doubleQuant=false)+dora(rank=4)',
  ])('%s round trip bit for bit', async (spelling) => {
    const folder = await saved(spelling.replaceAll(/\W/g, '_'), spelling);
    const direct = fixture.make();
    applyMethods(direct, spelling.replace(/\+tokentune.*/, ''), { seed: 1 });
    await loadAdapterTensors(direct, folder);
    const loaded = fixture.make();
    // A base in 4 bits is no part of an adapter.
    if (spelling.startsWith('qlora')) applyMethods(loaded, 'nf4');
    if (spelling.startsWith('nf4')) applyMethods(loaded, spelling.split('+')[0]!);
    await loadAdapter(loaded, folder);
    expect(trainedValues(loaded)).toEqual(trainedValues(direct));
    expect(predict(loaded, batch).logits).toEqual(predict(direct, batch).logits);
    const again = `${folder}-again`;
    await saveAdapter(loaded, again);
    for (const file of ['adapter_config.json', 'adapter_model.safetensors']) {
      expect(readFileSync(join(again, file)).equals(readFileSync(join(folder, file)))).toBe(true);
    }
    direct.release();
    loaded.release();
  });

  it.each([
    ['lora', ['query', 'value']],
    ['lora(targets=[ffn.down])', ['0.output.dense', '1.output.dense']],
    ['lora(targets=[attention.output])', ['attention.output.dense']],
    ['lora(targets=[attention.output,ffn.down])', ['output.dense']],
    ['lora(targets=[pooler])', ['pooler.dense']],
    ['lora(targets=[ffn.up,ffn.down])', ['0.output.dense', '1.output.dense', 'intermediate.dense']],
  ])('%s is saved with endings that PEFT takes for its sites and no others', async (spelling, expected) => {
    const model = fixture.make();
    applyMethods(model, spelling);
    const folder = folderOf('targets');
    await saveAdapter(model, folder);
    const config = JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8')) as Record<string, unknown>;
    expect(config).toMatchObject({
      target_modules: expected,
      peft_type: 'LORA',
      task_type: 'SEQ_CLS',
      r: 8,
      lora_alpha: 16,
      modules_to_save: ['classifier'],
    });
    const wrapped = (of: TransformerModel) =>
      [...of.namedParameters()].map(([name]) => name).filter((name) => name.includes('lora_A'));
    const loaded = fixture.make();
    await loadAdapter(loaded, folder);
    expect(wrapped(loaded)).toEqual(wrapped(model));
    model.release();
    loaded.release();
  });

  const changeConfig = (folder: string, change: Record<string, unknown>) => {
    const file = join(folder, 'adapter_config.json');
    const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...config, ...change }));
  };
  const changeTensors = async (folder: string, change: Record<string, Float32Array | undefined>, shape: number[]) => {
    const file = join(folder, 'adapter_model.safetensors');
    const weights = await openWeights(file);
    const tensors = new Map(
      await Promise.all(weights.names().map(async (key) => [key, await weights.read(key)] as const)),
    );
    await weights.close();
    for (const [key, data] of Object.entries(change)) {
      if (data === undefined) tensors.delete(key);
      else tensors.set(key, { dtype: 'float32', shape, data });
    }
    await saveSafetensors(file, Object.fromEntries(tensors));
  };

  /** A damage to an adapter's folder and what is said about it, after the folder's name. */
  const damages: Readonly<Record<string, [damage: (folder: string) => unknown, message: string]>> = {
    'no configuration': [(folder) => rmSync(join(folder, 'adapter_config.json')), '/adapter_config.json: not found'],
    'no weights': [
      (folder) => rmSync(join(folder, 'adapter_model.safetensors')),
      '/adapter_model.safetensors: not found',
    ],
    'a configuration that is no JSON': [
      (folder) => truncateSync(join(folder, 'adapter_config.json'), 40),
      '/adapter_config.json: expected JSON, found something else (',
    ],
    'a configuration that is no object': [
      (folder) => writeFileSync(join(folder, 'adapter_config.json'), '[]'),
      '/adapter_config.json: Invalid input: expected object, received array',
    ],
    'another method': [
      (folder) => changeConfig(folder, { peft_type: 'LOHA' }),
      '/adapter_config.json: expected peft_type "LORA", "IA3", "PREFIX_TUNING" or "PROMPT_TUNING", found LOHA',
    ],
    'wrong numbers': [
      (folder) => changeConfig(folder, { r: 0, lora_alpha: 'x' }),
      '/adapter_config.json: r: Too small: expected number to be >=1; lora_alpha: Invalid input: expected number, received string',
    ],
    'targets that are not there': [
      (folder) => changeConfig(folder, { target_modules: ['q_proj', 'v_proj'] }),
      '/adapter_config.json: target_modules q_proj, v_proj match no linear site of the model',
    ],
    'a pattern that is none': [
      (folder) => changeConfig(folder, { target_modules: '.*(query' }),
      '/adapter_config.json: target_modules ".*(query" is no regular expression that leantune reads (',
    ],
    'DoRA without magnitudes': [
      (folder) => changeConfig(folder, { use_dora: true }),
      `/adapter_model.safetensors: tensor "${stored('lora_magnitude_vector').replace('.weight', '')}" is absent`,
    ],
    'LoRA that says it is (IA)³': [
      (folder) => changeConfig(folder, { peft_type: 'IA3', feedforward_modules: [] }),
      `/adapter_model.safetensors: tensor "${stored('ia3_l').replace('.weight', '')}" is absent`,
    ],
    '(IA)³ with a pattern that is none': [
      (folder) => changeConfig(folder, { peft_type: 'IA3', feedforward_modules: '[' }),
      '/adapter_config.json: feedforward_modules "[" is no regular expression that leantune reads (',
    ],
    '(IA)³ without targets': [
      (folder) => changeConfig(folder, { peft_type: 'IA3', target_modules: null }),
      '/adapter_config.json: target_modules: Invalid input',
    ],
    'ranks by layer': [
      (folder) => changeConfig(folder, { rank_pattern: { query: 2 } }),
      '/adapter_config.json: rank_pattern = {"query":2} is not supported',
    ],
    'some layers only': [
      (folder) => changeConfig(folder, { layers_to_transform: [0] }),
      '/adapter_config.json: layers_to_transform = [0] is not supported',
    ],
    'base weights of its own': [
      (folder) => changeConfig(folder, { init_lora_weights: 'pissa' }),
      '/adapter_config.json: init_lora_weights = "pissa" is not supported',
    ],
    'another rank': [
      (folder) => changeConfig(folder, { r: 5 }),
      `/adapter_model.safetensors: tensor "${stored('lora_A')}" has shape [4, 32], expected [5, 32]`,
    ],
    'more targets than weights': [
      (folder) => changeConfig(folder, { target_modules: ['query', 'key', 'value'] }),
      `/adapter_model.safetensors: tensor "${stored('lora_A').replace('query', 'key')}" is absent`,
    ],
    'fewer targets than weights': [
      (folder) => changeConfig(folder, { target_modules: ['query'] }),
      '/adapter_model.safetensors: 4 tensors belong to nothing that is trained here: base_model.model.bert.encoder.layer.0.attention.self.value.lora_A.weight,',
    ],
    'a tensor gone': [
      (folder) => changeTensors(folder, { 'base_model.model.classifier.weight': undefined }, []),
      '/adapter_model.safetensors: tensor "base_model.model.classifier.weight" is absent',
    ],
    'a tensor of another shape, the last of all': [
      (folder) => changeTensors(folder, { 'base_model.model.classifier.bias': new Float32Array(2) }, [2]),
      '/adapter_model.safetensors: tensor "base_model.model.classifier.bias" has shape [2], expected [3]',
    ],
    'a truncated file': [
      (folder) => {
        const file = join(folder, 'adapter_model.safetensors');
        truncateSync(file, statSync(file).size - 4);
      },
      '(the file is truncated)',
    ],
  };

  it.each(Object.keys(damages))('%s: says so and leaves the model as it was', async (name) => {
    const [damage, message] = damages[name]!;
    const folder = await saved(`damaged-${name.replaceAll(' ', '-')}`);
    await damage(folder);
    const model = fixture.make();
    const before = stateOf(model);
    const error = await failure(loadAdapter(model, folder));
    expect(error).toMatchObject({ name: 'CorruptFileError', exitCode: 3 });
    expect(error.message).toContain(message.startsWith('/') ? folder + message : message);
    expect(error.remedy).toBeTruthy();
    expect(stateOf(model)).toEqual(before);
    // What failed can be done again.
    await loadAdapter(model, await saved('whole'));
    model.release();
  });

  it('keeps the old values where only the last tensor of a file does not fit', async () => {
    const folder = await saved('half');
    await changeTensors(folder, { 'base_model.model.classifier.bias': new Float32Array(2) }, [2]);
    const model = fixture.make();
    applyMethods(model, 'lora(rank=4)');
    const before = stateOf(model);
    await failure(loadAdapterTensors(model, folder));
    expect(stateOf(model)).toEqual(before);
    model.release();
  });

  it('reads patterns and all-linear as PEFT does', async () => {
    const pattern = await saved('pattern', 'lora(rank=4,targets=[attention.query,attention.value])');
    changeConfig(pattern, { target_modules: String.raw`bert\.encoder\.layer\.\d+\.attention\.self\.(query|value)` });
    const everything = await saved('everything', 'lora(rank=4,targets=all-linear)');
    changeConfig(everything, { target_modules: 'all-linear' });
    const partial = await saved('partial');
    const onlyLayer1 = Object.fromEntries(
      ['query', 'value']
        .flatMap((site) => ['lora_A', 'lora_B'].map((part) => stored(part).replace('query', site)))
        .map((key) => [key, undefined]),
    );
    await changeTensors(partial, onlyLayer1, []);
    changeConfig(partial, { target_modules: String.raw`.*\.1\..*(query|value)` });
    const counts = [];
    for (const folder of [pattern, everything, partial]) {
      const model = fixture.make();
      await loadAdapter(model, folder);
      counts.push(trainedParameters(model).length);
      model.release();
    }
    // A and B of each site and two of the head: 2 layers × 2; 2 × 6 and the pooler; 1 × 2.
    expect(counts).toEqual([2 * 4 + 2, 2 * 13 + 2, 2 * 2 + 2]);
  });

  it.each([
    ['ia3', ['key', 'output.dense', 'value'], ['output.dense']],
    [
      'ia3(outputs=[ffn.up],inputs=[ffn.down])',
      ['0.output.dense', '1.output.dense', 'intermediate.dense'],
      ['0.output.dense', '1.output.dense'],
    ],
    [
      'ia3(outputs=[attention.output],inputs=[ffn.down])',
      ['0.output.dense', '1.output.dense', 'output.dense'],
      ['0.output.dense', '1.output.dense'],
    ],
  ])('%s is saved with endings that PEFT takes for its sites and no others', async (spelling, targets, feedForward) => {
    const model = fixture.make();
    applyMethods(model, spelling);
    const folder = folderOf('ia3-targets');
    await saveAdapter(model, folder);
    const config = JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8')) as Record<string, unknown>;
    expect(config).toMatchObject({
      peft_type: 'IA3',
      task_type: 'SEQ_CLS',
      target_modules: targets,
      feedforward_modules: feedForward,
      modules_to_save: ['classifier'],
    });
    const loaded = fixture.make();
    await loadAdapter(loaded, folder);
    const shapes = (of: TransformerModel) => trainedParameters(of).map(([name, { shape }]) => [name, shape]);
    expect(shapes(loaded)).toEqual(shapes(model));
    model.release();
    loaded.release();
  });

  it('has nothing to save without an adapter, nor after a merge', async () => {
    const model = fixture.make();
    const folder = folderOf('none');
    const message = 'the model holds no LoRA, DoRA, (IA)³, prefix or prompt adapter to save';
    expect(await failure(saveAdapter(model, folder))).toMatchObject({ name: 'UsageError', message });
    const { merge } = applyMethods(model, 'lora');
    merge!();
    expect(await failure(saveAdapter(model, folder))).toMatchObject({ name: 'UsageError', message });
    expect(existsSync(folder)).toBe(false);
    model.release();
  });

  it.each([
    ['mam(length=2,projection=4,width=3)', 8, 'bert.encoder.layer.0.output.adapters.t.adapter_down.0.weight'],
    ['meft1(adapter=lora)', 8, 'bert.encoder.layer.0.rev_adapter.dense1.weight'],
    ['meft2(adapter=lora,combine=concat)', 9, 'bert.encoder.layer.0.rev_adapter.dense1.weight'],
    ['meft3(adapter=lora)', 8, 'bert.encoder.layer.0.ffn_adapter.dense1.weight'],
  ])('%s trains what a PEFT folder has no place for: refused, nothing is written', async (spelling, count, name) => {
    const model = fixture.make();
    applyMethods(model, spelling);
    const folder = folderOf('without-place');
    const error = await failure(saveAdapter(model, folder));
    expect(error).toMatchObject({ name: 'UsageError', code: 'LEANTUNE_ADAPTER_INCOMPLETE' });
    expect(error.message).toContain(
      `a PEFT folder has no place for ${count} trained parameters of this model: ${name}`,
    );
    expect(error.remedy).toContain('saveTrained(model, applied, folder)');
    expect(existsSync(folder)).toBe(false);
    model.release();
  });

  it.each([
    ['lora+tokentune(tokens=4)', 'mean'],
    ['prefix(length=2)+tokentune(tokens=4)', 'mean'],
    ['ia3+tokentune(tokens=4,reference=true)', 'meanUnmasked'],
  ])('%s pools as no plain model does: refused, but for a reader that knows', async (spelling, pooling) => {
    const model = fixture.make();
    applyMethods(model, spelling);
    const folder = folderOf(spelling.replaceAll(/\W/g, '_'));
    const error = await failure(saveAdapter(model, folder));
    expect(error).toMatchObject({ name: 'UsageError', code: 'LEANTUNE_ADAPTER_POOLING' });
    expect(error.message).toContain(`(${pooling} instead of the first token)`);
    expect(error.remedy).toMatch(/tokentune\(head=cls\).*saveTrained/);
    expect(existsSync(folder)).toBe(false);
    await saveAdapter(model, folder, { leavesOutPooling: true });
    const loaded = fixture.make();
    await loadAdapter(loaded, folder);
    expect(trainedValues(loaded)).toEqual(trainedValues(model));
    const known = fixture.make();
    applyMethods(known, spelling);
    await loadAdapterTensors(known, folder);
    const { logits } = predict(model, batch);
    expect(predict(known, batch).logits).toEqual(logits);
    // What would have been the silent loss.
    expect(predict(loaded, batch).logits).not.toEqual(logits);
    for (const each of [model, loaded, known]) each.release();
  });

  it('pooled over the first token it opens again with equal logits', async () => {
    for (const spelling of ['lora+tokentune(tokens=4,head=cls)', 'prefix(length=2)+tokentune(tokens=4,head=cls)']) {
      const [model, loaded] = [fixture.make(), fixture.make()];
      applyMethods(model, spelling);
      const folder = folderOf('pooled-first');
      await saveAdapter(model, folder);
      await loadAdapter(loaded, folder);
      expect(predict(loaded, batch).logits).toEqual(predict(model, batch).logits);
      for (const each of [model, loaded]) each.release();
    }
  });

  it('replaces an adapter in its folder', async () => {
    const folder = await saved('replaced', 'lora(rank=2)');
    const other = await saved('other', 'lora(rank=6)');
    const model = fixture.make();
    await loadAdapter(model, other);
    await saveAdapter(model, folder);
    cpSync(folder, `${folder}-copy`, { recursive: true });
    const again = fixture.make();
    await loadAdapter(again, `${folder}-copy`);
    expect(trainedValues(again)).toEqual(trainedValues(model));
    model.release();
    again.release();
  });
});
