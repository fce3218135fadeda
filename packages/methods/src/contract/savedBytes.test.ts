import { type MemorySnapshot, type SavingPolicy } from '@leantune/core';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { describeOnFirstBackend } from '../../../core/src/testing/backends.js';
import { measureStep } from '../testing/measureStep.js';
import { fullBatch, zeroBert } from '../testing/zeroBert.js';

// The shape of the reference files: 6 layers, hidden 384, 8 rows of 128 tokens, 2 classes, no dropout.
const [B, T, H, A, LAYERS, LABELS] = [8, 128, 384, 12, 6, 2] as const;
const config = {
  vocab_size: 2048,
  hidden_size: H,
  num_hidden_layers: LAYERS,
  num_attention_heads: A,
  intermediate_size: 4 * H,
  max_position_embeddings: 256,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
};

/** One training step's memory. */
function measure(spelling: string, policy: SavingPolicy): MemorySnapshot {
  return measureStep(zeroBert(config, LABELS), spelling, policy, fullBatch(B, T));
}

/** Bytes by part of the model: embeddings, each layer, and the head with the loss. */
function byPart({ savedBytesByLayer }: MemorySnapshot): Record<string, number> {
  const parts: Record<string, number> = {};
  for (const [path, bytes] of Object.entries(savedBytesByLayer)) {
    const layer = /layer\.(\d+)/.exec(path)?.[1];
    const part = layer === undefined ? (path.includes('embeddings') ? 'embeddings' : 'head') : `layer${layer}`;
    parts[part] = (parts[part] ?? 0) + bytes;
  }
  return parts;
}

const layers = (bytes: number) =>
  Object.fromEntries(Array.from({ length: LAYERS }, (_, layer) => [`layer${layer}`, bytes]));

/** Bytes of one hidden tensor with `k` of the T tokens, of one number for each of those rows, of their probabilities. */
const hidden = (k: number) => 4 * B * k * H;
const perRow = (k: number) => 4 * B * k;
const probabilities = (k: number) => 4 * B * A * k * T;
/** Pooler: input and output; loss: log-probabilities. */
const head = 2 * 4 * B * H + 4 * B * LABELS;

/**
 * Full fine-tuning and TokenTune of k tokens. A PyTorch layer keeps 16 hidden tensors (x, query, key, value, context, two
 * LayerNorm inputs, the LayerNorm output, 4 + 4 around GELU), the probabilities, and mean and rstd of two LayerNorms; of
 * these keys and values stay whole under a selection.
 */
const pytorchBytes = (k: number) => ({
  embeddings: hidden(k) + 2 * perRow(k),
  ...layers(2 * hidden(T) + 14 * hidden(k) + probabilities(k) + 4 * perRow(k)),
  head,
});

/** Lean keeps 10: x, query, key, value, context, LayerNorm output, 4 before GELU; and the rstd of two LayerNorms. */
const leanBytes = (k: number) => ({
  embeddings: hidden(k) + perRow(k),
  ...layers(2 * hidden(T) + 8 * hidden(k) + 2 * perRow(k)),
  head,
});

const folder = join(
  resolve(process.env.LEANTUNE_SHARED ?? join(import.meta.dirname, '../../../../../shared')),
  'goldens/bytes',
);

interface HuggingFaceBytes {
  readonly results: readonly {
    readonly model: string;
    readonly method: string;
    readonly dropout: number;
    readonly attention: string;
    readonly total: number;
    readonly per: Readonly<Record<string, number>>;
  }[];
}

interface AuthorsBytes {
  readonly rows: readonly {
    readonly group: string;
    readonly method: string;
    readonly peak_saved_bytes_during_backward: number;
  }[];
}

function huggingFace(method: string) {
  const { results } = JSON.parse(readFileSync(join(folder, 'hf.json'), 'utf8')) as HuggingFaceBytes;
  return results.find(
    (row) => row.model === 'bert' && row.method === method && row.dropout === 0 && row.attention === 'eager',
  )!;
}

function authors(method: string): number {
  const { rows } = JSON.parse(readFileSync(join(folder, 'authors.json'), 'utf8')) as AuthorsBytes;
  return rows.find((row) => row.group.startsWith('BERT 6L') && row.method.startsWith(`${method}, dropout 0.0`))!
    .peak_saved_bytes_during_backward;
}

/** nll_loss keeps its total weight, one number; leantune's loss divides by the number of rows that it knows. */
const totalWeight = 4;
/** Hugging Face's pooler reads `hidden[:, 0]`, a view: the whole last hidden state stays. leantune copies the row. */
const poolerView = hidden(T) - 4 * B * H;
/** LayerNorm of the embeddings: PyTorch keeps its input although only the bias is trained and nothing lies below. */
const frozenInput = hidden(T) + 2 * perRow(T);
/** What transformers 4.36 keeps more than 4.57.6 in every run of that file, full fine-tuning included. */
const olderTransformers = 32;

/** The formulas hold on every backend; the references are compared on the first, wasm would take a minute for it. */
let compared = false;

await describeOnFirstBackend('saved bytes', () => {
  it.each([2, 16, 128])('are those of the formulas with %i tokens', (k) => {
    const spelling = k === 128 ? 'full' : `tokentune(tokens=${k},head=cls)`;
    for (const [policy, expected] of [
      ['pytorch', pytorchBytes(k)],
      ['lean', leanBytes(k)],
    ] as const) {
      const snapshot = measure(spelling, policy);
      expect(byPart(snapshot)).toEqual(expected);
      expect(snapshot.savedBytes).toBe(Object.values(expected).reduce((sum, bytes) => sum + bytes, 0));
    }
  });

  if (compared) return;
  compared = true;

  it('stay within the limits: 16 of 128 tokens, and the head alone, against full fine-tuning', () => {
    const bytes = (spelling: string, policy: SavingPolicy) => measure(spelling, policy).savedBytes;
    for (const [policy, limit] of [
      ['pytorch', 0.23],
      ['lean', 0.33],
    ] as const) {
      const full = bytes('full', policy);
      expect(bytes('tokentune(tokens=16)', policy) / full).toBeLessThanOrEqual(limit);
      expect(bytes('head-only', policy) / full).toBeLessThan(0.01);
      expect(bytes('tokentune(tokens=128)', policy)).toBe(full);
    }
  });

  if (!existsSync(folder)) {
    it.skip('skipped: no goldens in ../shared (LEANTUNE_SHARED names the folder)', () => undefined);
    return;
  }

  // PyTorch 2.13, transformers 4.57.6, peft 0.21.2: every storage that autograd keeps, counted once.
  it.each([
    ['full', 'full', poolerView + totalWeight],
    ['lora', 'lora_qv', totalWeight],
    ['lora(targets=all-linear)', 'lora_all_linear', poolerView + totalWeight],
    ['bitfit', 'bitfit', frozenInput + totalWeight],
    ['head-only', 'head_only', totalWeight],
  ])('%s keeps what PyTorch keeps, but for what is explained', (spelling, method, explained) => {
    const reference = huggingFace(method);
    const snapshot = measure(spelling, 'pytorch');
    expect(reference.total - snapshot.savedBytes).toBe(explained);
    expect(explained / reference.total).toBeLessThan(0.02);
    const parts = byPart(snapshot);
    for (let layer = 0; layer < LAYERS; layer++) {
      expect(parts[`layer${layer}`]).toBe(reference.per[`layer${layer}`]);
    }
    expect(Object.values(parts).reduce((sum, bytes) => sum + bytes, 0)).toBe(snapshot.savedBytes);
  });

  it('ia3 keeps what PyTorch keeps, but for copies of its vectors: PEFT multiplies them by 1 first', () => {
    // Key, value and attention output H each, the input of the last projection 4 H; nothing below asks the first key and
    // value for a gradient.
    const copies = 4 * (LAYERS * 7 * H - 2 * H);
    expect(huggingFace('ia3').total - measure('ia3', 'pytorch').savedBytes).toBe(copies + totalWeight);
  });

  // facebookresearch/tokentune on PyTorch 2.13 and transformers 4.36.
  it.each([8, 16, 32, 64])("tokentune of %i tokens keeps what the authors' code keeps", (k) => {
    const { savedBytes } = measure(`tokentune(tokens=${k})`, 'pytorch');
    expect(authors(`TokenTune k=${k}`) - savedBytes).toBe(totalWeight + olderTransformers);
  });

  it('tokentune of all but one token: the published groups are two wide, so that keys and values have a row more', () => {
    const extraRow = LAYERS * (2 * hidden(1) + 4 * B * A * 127);
    const { savedBytes } = measure('tokentune(tokens=127)', 'pytorch');
    expect(authors('TokenTune k=127') - savedBytes).toBe(extraRow + totalWeight + olderTransformers);
  });
});
