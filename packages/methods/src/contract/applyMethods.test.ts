import { Module, type Tensor } from '@leantune/core';
import { z } from 'zod';
import { describe, expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { applyMethods, defineMethod, parseMethodSpec, type MethodSpec, type Slot } from '../index.js';
import { classification, tinyBert } from '../testing/tinyBert.js';

const fixture = tinyBert(classification);

/** What a failed application must leave as it was. */
function stateOf(model: ReturnType<typeof fixture.make>) {
  return {
    trained: [...model.namedParameters()].map(([name, { requiresGrad }]) => [name, requiresGrad]),
    pooling: model.pooling,
    selects: model.tokenSelector !== undefined,
  };
}

await describeOnBackends('applyMethods', () => {
  it.each([
    [
      'lora(targets=[attention.qury])+tokentune',
      'unknown site "attention.qury" on BertForSequenceClassification; did you mean "attention.query"? (known: embeddings.token, embeddings.position, embeddings.type, embeddings.norm, attention.query, attention.key, attention.value, attention.output, attention.norm, ffn.up, ffn.down, ffn.norm, pooler, head)',
    ],
    ['lora(targets=[attention.query,ffn.norm])', 'site "ffn.norm" holds no linear layer'],
    ['lora(targets=[head])', 'site "head" is the task head, which is trained whole and takes no update'],
  ])('refuses %s and leaves the model as it was', (spelling, message) => {
    const model = fixture.make();
    const before = stateOf(model);
    expect(() => applyMethods(model, spelling)).toThrow(expect.objectContaining({ name: 'UsageError', message }));
    expect(stateOf(model)).toEqual(before);
    model.release();
  });

  it('updates a site once, however often it is named', () => {
    const model = fixture.make();
    applyMethods(model, 'lora(rank=2,targets=[attention.query,attention.query])');
    const names = [...model.namedParameters()].map(([name]) => name).filter((name) => name.includes('lora_'));
    expect(names).toHaveLength(2 * 2);
    model.release();
  });

  it('refuses a second update of the same site', () => {
    const model = fixture.make();
    applyMethods(model, 'lora');
    expect(() => applyMethods(model, 'lora')).toThrow('site "attention.query" holds no linear layer');
    model.release();
  });

  it('asks all methods before the first one changes the model', () => {
    const picky = defineMethod({
      name: 'picky',
      summary: 'Supports nothing.',
      reference: 'none',
      slots: ['stack'],
      options: z.object({}),
      supports: () => 'it is too small',
      apply: () => ({}),
    });
    const model = fixture.make();
    const before = stateOf(model);
    const spec: MethodSpec = {
      spelling: 'lora+picky',
      methods: [...resolvedLora(), { definition: picky, options: {} }],
    };
    expect(() => applyMethods(model, spec)).toThrow(
      'picky does not support BertForSequenceClassification: it is too small',
    );
    expect(stateOf(model)).toEqual(before);
    model.release();
  });

  describe.each<[slot: Slot, earlier: boolean]>([
    ['base', false],
    ['tokens', false],
    ['tokens', true],
  ])('a module that is not deterministic, put in by the slot %s', (slot, recomputingFirst) => {
    it.each([
      ['meft1', 'meft1(gradient=vanilla)'],
      ['meft3(gradient=exact)', 'meft3(gradient=vanilla)'],
      ['checkpoint', 'leave checkpoint out'],
    ])('is refused where %s runs it again', (recomputing, remedy) => {
      const model = fixture.make();
      const name = recomputing.replace(/\(.*/, '');
      const own = parseMethodSpec(recomputing).methods;
      const noisy = [{ definition: noisyMethod(slot), options: {} }];
      const apply = () => {
        if (!recomputingFirst)
          return applyMethods(model, { spelling: `${recomputing}+noisy`, methods: [...own, ...noisy] });
        applyMethods(model, recomputing);
        return applyMethods(model, { spelling: 'noisy', methods: noisy });
      };
      expect(apply).toThrow(
        expect.objectContaining({
          name: 'UsageError',
          code: 'LEANTUNE_NOT_DETERMINISTIC',
          message: `${name} runs layers a second time in the backward pass, and bert.encoder.layer.0.attention.self.query is not deterministic`,
          remedy,
        }),
      );
      model.release();
    });

    it.each(['meft1(gradient=vanilla)', 'bitfit', ...(slot === 'tokens' ? ['lst(reduction=2)'] : [])])(
      'is accepted where %s runs it once',
      (once) => {
        const model = fixture.make();
        const methods = [...parseMethodSpec(once).methods, { definition: noisyMethod(slot), options: {} }];
        expect(() => applyMethods(model, { spelling: `${once}+noisy`, methods })).not.toThrow();
        model.release();
      },
    );
  });

  it('asks what runs blocks in its own way whether it runs them again', () => {
    const slow = (recomputes?: false) =>
      defineMethod({
        name: 'slow',
        summary: 'Runs the layers one after another.',
        reference: 'none',
        slots: ['stack'],
        options: z.object({}),
        ...(recomputes === false && { recomputes: () => undefined }),
        supports: () => true,
        apply: () => ({}),
      });
    const noisy = { definition: noisyMethod('weights'), options: {} };
    const [once, silent] = [fixture.make(), fixture.make()];
    const spelling = 'noisy+slow';
    applyMethods(once, { spelling, methods: [noisy, { definition: slow(false), options: {} }] });
    expect(() => applyMethods(silent, { spelling, methods: [noisy, { definition: slow(), options: {} }] })).toThrow(
      'slow runs layers a second time',
    );
    for (const model of [once, silent]) model.release();
  });

  it('gives the same model in either order', () => {
    const states = ['lora+tokentune(tokens=4)', 'tokentune(tokens=4)+lora'].map((spelling) => {
      const model = fixture.make();
      applyMethods(model, spelling, { seed: 4 });
      const values = [...model.namedParameters()].map(([name, value]) => [name, Float32Array.from(value.read())]);
      const state = { ...stateOf(model), values };
      model.release();
      return state;
    });
    expect(states[1]).toEqual(states[0]);
    expect(states[0]!.pooling).toBe('mean');
  });

  it("starts LoRA as PEFT does: A uniform in ±1/√in, B zero, other seeds other A's", () => {
    const start = (seed: number) => {
      const model = fixture.make();
      applyMethods(model, 'lora(rank=8,targets=all-linear)', { seed });
      const values = new Map(
        [...model.namedParameters()]
          .filter(([name]) => name.includes('lora_'))
          .map(([name, parameter]) => [name, { shape: parameter.shape, data: Float32Array.from(parameter.read()) }]),
      );
      model.release();
      return values;
    };
    const [first, again, other] = [start(1), start(1), start(2)];
    expect(again).toEqual(first);
    for (const [name, { shape, data }] of first) {
      if (name.includes('lora_B')) expect(data.every((value) => value === 0)).toBe(true);
      else {
        const bound = 1 / Math.sqrt(shape[1]!);
        expect(data.every((value) => Math.abs(value) <= bound)).toBe(true);
        // Variance of the uniform distribution; 256 draws or more.
        const variance = data.reduce((sum, value) => sum + value * value, 0) / data.length;
        expect(variance / (bound ** 2 / 3)).toBeGreaterThan(0.75);
        expect(variance / (bound ** 2 / 3)).toBeLessThan(1.25);
        expect(other.get(name)!.data).not.toEqual(data);
      }
    }
    const [query, value] = ['query', 'value'].map(
      (site) => first.get(`bert.encoder.layer.0.attention.self.${site}.lora_A.weight`)!.data,
    );
    expect(query).not.toEqual(value);
  });
});

/** Gives what it wraps, and says that it might give something else. */
class Noisy extends Module<[x: Tensor], Tensor> {
  override readonly isDeterministic = false;
  constructor(private readonly inner: Module<[x: Tensor], Tensor>) {
    super();
    this.addChild('', inner);
  }
  protected forward(x: Tensor): Tensor {
    return this.inner.call(x);
  }
}

function noisyMethod(slot: Slot) {
  return defineMethod({
    name: 'noisy',
    summary: 'Wraps the first query projection.',
    reference: 'none',
    slots: [slot],
    options: z.object({}),
    recomputes: () => undefined,
    supports: () => true,
    apply: (model) => {
      model.sites.find(({ address }) => address.name === 'attention.query')!.wrap((inner) => new Noisy(inner));
      return {};
    },
  });
}

function resolvedLora(): MethodSpec['methods'] {
  const model = fixture.make();
  const { spec } = applyMethods(model, 'lora');
  model.release();
  return spec.methods;
}
