import {
  forwardBackward,
  memoryMeter,
  releaseGradients,
  withSavingPolicy,
  type NamedParameter,
  type SavingPolicy,
} from '@leantune/core';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { describeOnFirstBackend } from '../../../core/src/testing/backends.js';
import { applyMethods } from '../index.js';
import { tinyModels, type TinyModel } from '../testing/tinyModels.js';
import { fullBatch, zeroBert } from '../testing/zeroBert.js';

const step = { seed: 5, microStep: 2 };

/** Loss, every gradient and the saved bytes of one step with dropout. */
function run(tiny: TinyModel, spelling: string, policy: SavingPolicy) {
  const model = tiny.make(0.1);
  applyMethods(model, spelling, { seed: 11 });
  const named: NamedParameter[] = [...model.namedParameters()];
  memoryMeter().resetPeak();
  const loss = withSavingPolicy(policy, () => forwardBackward(model, tiny.batch(0), step));
  const gradients = named.map(([name, { gradient }]) => [name, gradient && [...gradient.read()]] as const);
  releaseGradients(named);
  model.release();
  return { loss, gradients, savedBytes: memoryMeter().snapshot().savedBytes };
}

const spellings = [
  'houlsby',
  'lora',
  'tokentune(tokens=4)',
  'lora+tokentune(tokens=4)',
  'prefix(length=3)',
  'prompt(length=2)',
];

const folder = join(
  resolve(process.env.LEANTUNE_SHARED ?? join(import.meta.dirname, '../../../../../shared')),
  'goldens/bytes',
);

const readBytes = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));

interface AuthorsBytes {
  readonly rows: readonly {
    readonly group: string;
    readonly method: string;
    readonly peak_saved_bytes_during_backward: number;
  }[];
}

interface HuggingFaceBytes {
  readonly results: readonly {
    readonly model: string;
    readonly method: string;
    readonly dropout: number;
    readonly attention: string;
    readonly per: Readonly<Record<string, number>>;
  }[];
}

// The shape of the reference files, without dropout.
const [rows, tokens, hiddenSize, heads, layers] = [8, 128, 384, 12, 6];
const config = {
  vocab_size: 2048,
  hidden_size: hiddenSize,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  intermediate_size: 4 * hiddenSize,
  max_position_embeddings: 256,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
};
const hiddenBytes = 4 * rows * tokens * hiddenSize;
const perRow = 4 * rows * tokens;

/** Largest sum of saved bytes of a step as PyTorch keeps them. */
function savedBytes(spelling: string): number {
  const model = zeroBert(config, 2);
  applyMethods(model, spelling);
  memoryMeter().resetPeak();
  withSavingPolicy('pytorch', () => forwardBackward(model, fullBatch(rows, tokens), step));
  const snapshot = memoryMeter().snapshot();
  releaseGradients([...model.namedParameters()]);
  model.release();
  return snapshot.savedBytes;
}

/** The bytes are the same everywhere: the first backend measures them. */
let measured = false;

await describeOnFirstBackend('checkpoint', () => {
  it.each(tinyModels)('has the gradients without it on $name', (tiny) => {
    const plain = run(tiny, 'full', 'lean');
    for (const every of [1, 2]) {
      const checkpointed = run(tiny, `checkpoint(every=${every})`, 'lean');
      expect(checkpointed.loss).toBe(plain.loss);
      if (tiny.modelType === 'bart') expectClose(checkpointed.gradients, plain.gradients);
      else expect(checkpointed.gradients).toEqual(plain.gradients);
    }
  });

  it('refuses segments that are longer than every stack', () => {
    for (const tiny of tinyModels.filter(({ modelType }) => modelType === 'bert' || modelType === 'bart')) {
      const model = tiny.make();
      expect(() => applyMethods(model, 'lora+checkpoint(every=100)')).toThrow(
        expect.objectContaining({
          name: 'UsageError',
          message: `checkpoint: segments of 100 layers are longer than the 2 of ${model.architecture}; the nearest value is 2`,
          remedy: 'checkpoint(every=2)',
        }),
      );
      model.release();
    }
  });

  // The same operations run twice with the same dropout: not a bit may differ.
  it.each(spellings)('has the gradients of %s bit for bit', (spelling) => {
    for (const tiny of tinyModels.filter(({ modelType }) => modelType === 'bert' || modelType === 'llama')) {
      const plain = run(tiny, spelling, 'pytorch');
      const checkpointed = run(tiny, `${spelling}+checkpoint`, 'pytorch');
      expect(checkpointed).toEqual({ ...plain, savedBytes: checkpointed.savedBytes });
      expect(checkpointed.savedBytes).toBeLessThan(plain.savedBytes);
    }
  });

  if (measured) return;
  measured = true;

  it.each([1, 2, 3, 6])('keeps the inputs of segments of %i layers, and the inside of one', (every) => {
    // 16 hidden tensors, probabilities, mean and rstd of two LayerNorms; the first of them is the kept input.
    const layer = 16 * hiddenBytes + 4 * rows * heads * tokens ** 2 + 4 * perRow;
    const embeddings = hiddenBytes + 2 * perRow;
    const inputs = (layers / every - 1) * hiddenBytes;
    expect(savedBytes(`checkpoint(every=${every})`)).toBe(embeddings + inputs + every * layer);
  });

  if (!existsSync(folder)) {
    it.skip('skipped: no goldens in ../shared (LEANTUNE_SHARED names the folder)', () => undefined);
    return;
  }

  it('keeps what PyTorch keeps', () => {
    const authors = (readBytes('authors.json') as AuthorsBytes).rows.find(
      ({ group, method }) => group.startsWith('BERT 6L') && /checkpointing .*dropout 0\.0/.test(method),
    )!;
    // The reference counts the additive mask, which belongs to the batch here.
    expect(authors.peak_saved_bytes_during_backward - savedBytes('checkpoint')).toBe(perRow);

    // Python measured no peak for LoRA: the inputs, and the inside of the last layer.
    const lora = (readBytes('hf.json') as HuggingFaceBytes).results.find(
      (row) => row.model === 'bert' && row.method === 'lora_qv' && row.dropout === 0 && row.attention === 'eager',
    )!;
    expect(savedBytes('lora+checkpoint')).toBe((layers - 1) * hiddenBytes + lora.per.layer5!);
  });
});

type Gradients = ReturnType<typeof run>['gradients'];

/** What many layers of a decoder send to the encoder is added up layer by layer: in another order. */
function expectClose(actual: Gradients, expected: Gradients): void {
  expect(actual.map(([name]) => name)).toEqual(expected.map(([name]) => name));
  for (const [index, [name, values]] of expected.entries()) {
    const found = actual[index]![1];
    const largest = Math.max(0, ...(values ?? []).map(Math.abs));
    const difference = Math.max(0, ...(values ?? []).map((value, element) => Math.abs(value - found![element]!)));
    // Key biases are rounding noise: their gradients are zero in exact arithmetic.
    expect([name, difference < 2e-6 * largest + 1e-7]).toEqual([name, true]);
  }
}
