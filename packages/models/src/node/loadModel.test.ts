import { activeBackend, predict } from '@leantune/core';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { Dropout } from '@leantune/core';
import { randomModel } from '../architecture/buildModel.js';
import { readModelConfig } from '../architecture/registry.js';
import { errorOf } from '../testing/errors.js';
import { wordPieceJson } from '../tokenizer/fromVocabulary.js';
import { loadModel, type LoadedModel } from './loadModel.js';
import { saveModel } from './saveModel.js';
import { resolveCheckpoint } from './weights/resolveCheckpoint.js';

const root = mkdtempSync(join(tmpdir(), 'leantune-load-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const head = { kind: 'classification', numberOfLabels: 2 } as const;

/** Nothing anywhere, and no network. */
const nowhere = {
  HF_HUB_OFFLINE: '1',
  HF_HUB_CACHE: join(root, 'no-hub'),
  LEANTUNE_CACHE: join(root, 'no-cache'),
};

/** Real weights: from a cache or the network, or why there are none. */
const miniLm = await resolveCheckpoint('minilm-l6').then(
  () => undefined,
  (error: Error) => `skipped: no weights of all-MiniLM-L6-v2: ${error.message.replaceAll(/\s+/g, ' ')}`,
);

function logits({ model, tokenizer }: LoadedModel): number[] {
  const { inputIds, attentionMask } = tokenizer.encode('a small step');
  const row = (values: readonly number[]) => ({
    dtype: 'int32' as const,
    shape: [1, values.length],
    data: Int32Array.from(values),
  });
  return [
    ...predict(model, {
      size: 1,
      length: inputIds.length,
      inputs: { inputIds: row(inputIds), attentionMask: row(attentionMask) },
      labels: { dtype: 'int32', shape: [1], data: new Int32Array(1) },
    }).logits,
  ];
}

await describeOnBackends('loadModel', ({ name: backend }) => {
  it('puts a small random model in the place of weights that no source has, loudly', async () => {
    const lines: string[] = [];
    const load = (seed: number) =>
      loadModel('minilm-l6', { head, seed, environment: nowhere, onLog: (line) => lines.push(line) });
    const loaded = await load(1);
    expect(loaded).toMatchObject({ source: 'random', random: true });
    expect(loaded.weightsSha256).toBeUndefined();
    const warning =
      'RANDOM WEIGHTS: minilm-l6 was not found; a small model with random weights stands in, and its scores mean nothing.';
    expect(loaded.warnings).toEqual([warning]);
    // Whoever watches is told what was tried, too.
    expect(lines).toHaveLength(1);
    expect(lines[0]!.startsWith(`${warning} sentence-transformers/all-MiniLM-L6-v2: no source had it.\n`)).toBe(true);
    expect(lines[0]).toMatch(/\n {2}wheel: not tried: offline$/);
    const again = await load(1);
    const other = await load(2);
    expect(logits(again)).toEqual(logits(loaded));
    expect(logits(other)).not.toEqual(logits(loaded));
    expect(logits(loaded).every(Number.isFinite)).toBe(true);
    for (const { model } of [loaded, again, other]) model.release();
  });

  it('holds weights in half precision where the backend can, and refuses elsewhere', async () => {
    const load = () => loadModel('minilm-l6', { head, storage: 'bfloat16', environment: nowhere });
    if (activeBackend().extendedStorage?.dtypes.includes('bfloat16') !== true) {
      const error = await errorOf(load);
      expect(error).toMatchObject({ name: 'EnvironmentError', code: 'LEANTUNE_STORAGE_DTYPE' });
      expect(error.message).toContain('bfloat16');
      return;
    }
    const { model } = await load();
    const { total } = model.parameterCounts();
    expect(model.parameters().reduce((bytes, { storage }) => bytes + storage.bytes, 0)).toBe(2 * total);
    model.release();
  });

  it('refuses an unknown name instead of standing in for it', async () => {
    const error = await errorOf(() => loadModel('minilm-l66', { head, environment: nowhere }));
    expect(error.exitCode).toBe(2);
    expect(error.remedy).toContain('Did you mean "minilm-l6"?');
  });

  it("loads a folder of the user's, names it by its last part, and replaces dropout", async () => {
    const folder = join(root, backend, 'mine');
    const words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a', 'small', 'step'].join('\n');
    const config = readModelConfig({
      model_type: 'bert',
      vocab_size: 8,
      hidden_size: 16,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      intermediate_size: 16,
    });
    const model = randomModel(config, head, 3);
    await saveModel(model, folder);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(wordPieceJson(words, 'vocab.txt')));
    const loaded = await loadModel(folder, { head, dropout: 0.3, environment: nowhere });
    expect(loaded).toMatchObject({
      source: `folder ${basename(folder)}`,
      random: false,
      freshParameters: [],
      warnings: [],
    });
    const rates = (of: typeof model) =>
      [...of.modules()].filter((module) => module instanceof Dropout).map(({ path, rate }) => [path, rate]);
    const kept = (path: string) => path.endsWith('activation_dropout');
    expect(rates(loaded.model)).toEqual(rates(model).map(([path]) => [path, kept(String(path)) ? 0 : 0.3]));
    const values = (of: typeof loaded.model) => [...of.namedParameters()].map(([name, value]) => [name, value.read()]);
    expect(values(loaded.model)).toEqual(values(model));
    expect(loaded.tokenizer.encode('a small step').inputIds).toEqual([2, 5, 6, 7, 3]);
    model.release();
    loaded.model.release();
  });

  if (miniLm !== undefined) it.skip(miniLm, () => undefined);
  else
    it('loads the real weights of all-MiniLM-L6-v2, with a fresh head', async () => {
      const lines: string[] = [];
      const loaded = await loadModel('minilm-l6', { head, onLog: (line) => lines.push(line) });
      expect(loaded).toMatchObject({
        random: false,
        warnings: [],
        freshParameters: ['classifier.weight', 'classifier.bias'],
        weightsSha256: '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
        tokenizerSha256: 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037',
      });
      expect(loaded.source).toContain(
        'sentence-transformers/all-MiniLM-L6-v2@c9745ed1d9f207416be6d2e6f8de32d1f16199bf',
      );
      expect(lines).toEqual([
        expect.stringContaining('loading sentence-transformers/all-MiniLM-L6-v2'),
        'the task head starts from random values: classifier.weight, classifier.bias',
      ]);
      expect(loaded.model.parameterCounts().total).toBe(22_713_216 + 2 * 384 + 2);
      expect(loaded.tokenizer.encode('Hello, world!').inputIds).toEqual([101, 7592, 1010, 2088, 999, 102]);
      expect(logits(loaded).every(Number.isFinite)).toBe(true);
      loaded.model.release();
    });
});
