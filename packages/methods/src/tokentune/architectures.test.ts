import {
  Module,
  RandomStream,
  forwardBackward,
  ignoredLabel,
  multiplyKernel,
  releaseGradients,
  tensorFrom,
  withSavingPolicy,
  type Batch,
  type HostArray,
  type SavingPolicy,
  type Tensor,
  type TokenChoice,
  type TokenSlots,
} from '@leantune/core';
import { architectures, type Site, type TransformerModel } from '@leantune/models';
import { expect, it } from 'vitest';
import { differentiable } from '../../../core/src/autograd/differentiable.js';
import { describeOnFirstBackend } from '../../../core/src/testing/backends.js';
import { applyMethods } from '../index.js';
import { tinyModels, type TinyModel } from '../testing/tinyModels.js';

/**
 * TokenTune treats what it does not select as constants (PAPERS: gradient with every other activation detached). The
 * reference is ordinary back-propagation of the same loss that detaches exactly there where tokens meet: keys and
 * values of the tokens that are not selected. Everything else is token-wise, and the loss reads selected tokens only.
 */
class Detached extends Module<[x: Tensor], Tensor> {
  constructor(
    private readonly inner: Module<[x: Tensor], Tensor>,
    /** 1 where the gradient passes: [batch, length, features] or broadcastable. */
    private readonly mask: () => Tensor,
  ) {
    super();
    this.addChild('', inner);
  }

  protected forward(x: Tensor): Tensor {
    const output = this.inner.call(x);
    return differentiable('detachRows', { output }, () => ({
      output: multiplyKernel(output, 1),
      backward: (gradOutput) => ({ output: multiplyKernel(gradOutput, this.mask()) }),
    }));
  }
}

function passes({ tokens, positions, mask }: TokenSlots, size: number, length: number): Float32Array {
  const values = new Float32Array(size * length);
  positions.forEach((position, slot) => {
    if (mask[slot] === 1) values[Math.floor(slot / tokens) * length + position] = 1;
  });
  return values;
}

/** Detaches keys and values at a site; of a fused projection its last two thirds. */
function detach(site: Site, values: Float32Array, size: number, length: number): void {
  const fused = site.address.name.endsWith('queryKeyValue');
  site.wrap((inner) => {
    const mask = () => {
      if (!fused) return tensorFrom(values, [size, length, 1]);
      const width = 32;
      const columns = Array.from(values).flatMap((value) =>
        Array.from({ length: 3 * width }, (_, column) => (column < width ? 1 : value)),
      );
      return tensorFrom(Float32Array.from(columns), [size, length, 3 * width]);
    };
    return new Detached(inner, mask);
  });
}

/** The same batch with labels of the selected tokens only. */
function selectedLabels(batch: Batch, kind: string, choice: TokenChoice): Batch {
  const { labels } = batch;
  if (kind !== 'causal-lm' && kind !== 'seq2seq-lm') return batch;
  const length = labels.shape[1]!;
  const kept = passes(kind === 'causal-lm' ? choice : choice.decoder!, batch.size, length);
  const data = Int32Array.from(labels.data).map((label, index) => {
    // A causal model predicts a label from the token before it.
    const predictor = kind === 'causal-lm' ? index - 1 : index;
    if (kind === 'causal-lm' && index % length === 0) return ignoredLabel;
    return kept[predictor] === 1 ? label : ignoredLabel;
  });
  const changed = { dtype: 'int32', shape: labels.shape, data } as const;
  if (kind === 'causal-lm') return { ...batch, labels: changed };
  return { ...batch, inputs: { ...batch.inputs, decoderInputIds: shiftedRight(batch) }, labels: changed };
}

/** What the decoder reads, as BART makes it of all labels: 2 before them, padding (1) for those that do not count. */
function shiftedRight({ labels }: Batch): HostArray {
  const length = labels.shape[1]!;
  const data = Int32Array.from(labels.data, (_label, index) => {
    if (index % length === 0) return 2;
    const before = labels.data[index - 1]!;
    return before === ignoredLabel ? 1 : before;
  });
  return { dtype: 'int32', shape: labels.shape, data };
}

function gradientsOf(model: TransformerModel): Map<string, Float32Array> {
  const named = [...model.namedParameters()];
  const values = new Map(
    named.map(([name, { gradient, size }]) => [
      name,
      gradient === undefined ? new Float32Array(size) : Float32Array.from(gradient.read()),
    ]),
  );
  releaseGradients(named);
  return values;
}

const step = { seed: 4, microStep: 0 };

function detachedGradients(tiny: TinyModel, batch: Batch, choice: TokenChoice) {
  const model = tiny.make();
  const decoderLength = choice.decoder?.length ?? 0;
  const encoder = passes(choice, batch.size, batch.length);
  const decoder = choice.decoder === undefined ? encoder : passes(choice.decoder, batch.size, decoderLength);
  for (const site of model.sites) {
    const { name, stack } = site.address;
    if (!/(attention|crossAttention)\.(key|value|queryKeyValue)$/i.test(name)) continue;
    const own = stack === 'decoder' && name.startsWith('attention') && choice.decoder !== undefined;
    detach(site, own ? decoder : encoder, batch.size, own ? decoderLength : batch.length);
  }
  const loss = forwardBackward(model, selectedLabels(batch, tiny.head.kind, choice), step)!;
  const values = gradientsOf(model);
  model.release();
  return { loss, values };
}

const texts = tinyModels.filter(({ modelType }) => modelType !== 'vit');

await describeOnFirstBackend('TokenTune against ordinary back-propagation that detaches', () => {
  it('covers every architecture whose input is text', () => {
    const covered = new Set(texts.map(({ modelType }) => modelType));
    expect(
      architectures.map(({ modelType }) => modelType).filter((type) => !covered.has(type) && type !== 'vit'),
    ).toEqual([]);
  });

  for (const policy of ['lean', 'pytorch'] as SavingPolicy[]) {
    it.each(
      texts.flatMap((tiny) =>
        ['tokentune(tokens=3,head=cls)', 'tokentune(ratio=0.5,head=cls)'].map((spelling) => ({
          tiny,
          spelling,
          name: tiny.name,
        })),
      ),
    )(`$name, $spelling, ${policy}`, ({ tiny, spelling }) => {
      const model = tiny.make();
      applyMethods(model, spelling);
      const batch = tiny.batch(1);
      const choice = model.tokenSelector!(batch, new RandomStream(3, 'tokens', 0));
      const loss = withSavingPolicy(policy, () => forwardBackward(model, batch, { ...step, tokens: choice }))!;
      const actual = gradientsOf(model);
      model.release();
      const expected = detachedGradients(tiny, batch, choice);
      expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-5);
      const wrong: string[] = [];
      let large = 0;
      for (const [name, values] of expected.values) {
        const largest = Math.max(...values.map(Math.abs));
        if (largest > 1e-3) large += 1;
        const error = Math.max(...values.map((value, index) => Math.abs(value - actual.get(name)![index]!)));
        if (!(error <= 2e-5 * largest + 1e-6)) wrong.push(`${name}: ${error} of ${largest}`);
      }
      expect(wrong).toEqual([]);
      expect(large).toBeGreaterThan(expected.values.size / 2);
    });

    it.each(texts)(`$name: every token selected is full fine-tuning, ${policy}`, (tiny) => {
      const batch = tiny.batch(2);
      const [full, selected] = ['full', 'tokentune(ratio=1,head=cls)'].map((spelling) => {
        const model = tiny.make();
        applyMethods(model, spelling);
        const loss = withSavingPolicy(policy, () => forwardBackward(model, batch, step))!;
        const values = gradientsOf(model);
        model.release();
        return { loss, values };
      });
      expect(Math.abs(full!.loss - selected!.loss)).toBeLessThan(1e-5);
      for (const [name, values] of full!.values) {
        const largest = Math.max(...values.map(Math.abs));
        const error = Math.max(...values.map((value, index) => Math.abs(value - selected!.values.get(name)![index]!)));
        expect(error, name).toBeLessThanOrEqual(2e-5 * largest + 1e-6);
      }
    });
  }
});
