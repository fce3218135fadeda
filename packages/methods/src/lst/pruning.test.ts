import { scope, tensorFrom, type Parameter } from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import { expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { applyMethods } from '../index.js';
import { classification, tinyBert } from '../testing/tinyBert.js';
import { tinyModels } from '../testing/tinyModels.js';

const named = (model: TransformerModel) => new Map(model.namedParameters());

/** Largest weights where a side layer must find them: three times what they were. */
function enlarge(parameter: Parameter, chosen: (row: number, column: number) => boolean): void {
  const columns = parameter.shape[1]!;
  const values = Float32Array.from(parameter.read(), (value, index) => {
    const grown = value + Math.sign(value || 1) * 3;
    return chosen(Math.floor(index / columns), index % columns) ? grown : value;
  });
  scope(() => parameter.assign(tensorFrom(values, parameter.shape)));
}

await describeOnBackends('side layers that start from the backbone', () => {
  const stacks = tinyModels.filter(({ modelType }) => modelType !== 'bart');

  it.each(stacks)('are its layers where nothing is left out, on $name', (tiny) => {
    const model = tiny.make();
    const backbone = model.stacks[0]!.path;
    applyMethods(model, 'lst(reduction=1)');
    const all = named(model);
    const side = [...all].filter(([name]) => name.startsWith('side.layers.'));
    expect(side.length).toBeGreaterThan(0);
    for (const [name, parameter] of side) {
      const own = all.get(name.replace('side.layers', backbone));
      expect(own, name).toBeDefined();
      expect([...parameter.read()], name).toEqual([...own!.read()]);
    }
    model.release();
  });

  it('keep the largest features of the embeddings, of each head and of the feed-forward network, in their order', () => {
    // Hidden size 32 with 4 heads of 8, 64 features inside the feed-forward network.
    const model = tinyBert(classification).make();
    const layer = 'bert.encoder.layer.1';
    const hidden = [0, 3, 5, 8, 9, 10, 14, 15, 17, 20, 21, 22, 25, 28, 30, 31];
    const inHeads = [0, 1, 5, 7, 10, 11, 12, 13, 16, 18, 20, 22, 27, 28, 29, 31];
    const inner = Array.from({ length: 32 }, (_, index) => 2 * index + (index % 2));
    const before = named(model);
    enlarge(before.get('bert.embeddings.word_embeddings.weight')!, (_row, column) => hidden.includes(column));
    enlarge(before.get(`${layer}.attention.self.key.weight`)!, (row) => inHeads.includes(row));
    enlarge(before.get(`${layer}.intermediate.dense.weight`)!, (row) => inner.includes(row));
    const values = (name: string) => [...named(model).get(name)!.read()];
    const part = (name: string, rows: readonly number[], columns: readonly number[], width: number) => {
      const all = values(`${layer}.${name}.weight`);
      return rows.flatMap((row) => columns.map((column) => all[row * width + column]!));
    };
    const vector = (name: string, kept: readonly number[]) => {
      const all = values(`${layer}.${name}`);
      return kept.map((feature) => all[feature]!);
    };
    applyMethods(model, 'lst(reduction=2)');
    const side = (name: string) => values(`side.layers.1.${name}`);
    for (const name of ['query', 'key', 'value'].map((each) => `attention.self.${each}`)) {
      expect(side(`${name}.weight`)).toEqual(part(name, inHeads, hidden, 32));
      expect(side(`${name}.bias`)).toEqual(vector(`${name}.bias`, inHeads));
    }
    expect(side('attention.output.dense.weight')).toEqual(part('attention.output.dense', hidden, inHeads, 32));
    expect(side('attention.output.dense.bias')).toEqual(vector('attention.output.dense.bias', hidden));
    expect(side('attention.output.LayerNorm.weight')).toEqual(vector('attention.output.LayerNorm.weight', hidden));
    expect(side('intermediate.dense.weight')).toEqual(part('intermediate.dense', inner, hidden, 32));
    expect(side('output.dense.weight')).toEqual(part('output.dense', hidden, inner, 64));
    expect(side('output.LayerNorm.bias')).toEqual(vector('output.LayerNorm.bias', hidden));
    model.release();
  });

  it('keep the pairs of rotated heads whose angles narrow heads have', () => {
    // Heads of 8 features, two of keys for four of queries.
    const tiny = tinyModels.find(({ modelType }) => modelType === 'llama')!;
    const model = tiny.make();
    applyMethods(model, 'lst(reduction=2)');
    const rowsOf = (name: string, width: number) => {
      const values = [...named(model).get(name)!.read()];
      return Array.from({ length: values.length / width }, (_, row) => values.slice(row * width, (row + 1) * width));
    };
    const narrow = rowsOf('side.layers.0.self_attn.k_proj.weight', 16);
    const wide = rowsOf('model.layers.0.self_attn.k_proj.weight', 32);
    // Of the pairs (i, i + 4) of a head the first and the third.
    const kept = [0, 2, 4, 6, 8, 10, 12, 14];
    expect(narrow).toHaveLength(kept.length);
    narrow.forEach((row, index) => {
      const columns = row.map((value) => wide[kept[index]!]!.indexOf(value));
      expect(
        columns.every((column, at) => column > (columns[at - 1] ?? -1)),
        `row ${index}`,
      ).toBe(true);
    });
    model.release();
  });

  it('may be fresh', () => {
    const values = (spelling: string) => {
      const model = tinyBert(classification).make();
      applyMethods(model, spelling, { seed: 4 });
      const found = [...named(model).get('side.layers.0.intermediate.dense.weight')!.read()];
      const down = [...named(model).get('side.down.0.weight')!.read()];
      model.release();
      return { found, down };
    };
    const [pruned, random] = [values('lst(reduction=2)'), values('lst(reduction=2,start=random)')];
    expect(pruned.down).toEqual(random.down);
    expect(pruned.found).not.toEqual(random.found);
    // Fresh weights are normal with deviation 0.02.
    expect(Math.max(...random.found.map(Math.abs))).toBeLessThan(0.1);
  });
});
