import { expect, it } from 'vitest';
import { renderMarkdown, renderTerminal } from '../report/renderTable.js';
import type { MethodProfile, Profile } from './profile.js';
import { profileNotes, profileTable } from './profileTable.js';
import { compareToFirst } from './statistics.js';

const MiB = 1024 * 1024;

const samplesMs = [
  [2400, 2500, 2450],
  [1200, 1225, 1225],
  [80.04, 81.26, 79.9],
];

const rows = [
  { method: 'full', peak: 850, saved: 400, trainable: 22_714_000 },
  { method: 'tokentune(tokens=16)', peak: 560.25, saved: 60, trainable: 22_714_000 },
  { method: 'bitfit', peak: 300, saved: 10, trainable: 227_140 },
];

function example(savedOfFirst = 400): Profile {
  const compared = compareToFirst(samplesMs);
  const methods = rows.map(({ method, peak, saved, trainable }, index): MethodProfile => {
    const peakBytes = peak * MiB;
    const staticBytes = 200 * MiB;
    return {
      method,
      parameters: { trainable, total: 22_714_000 },
      memory: {
        peakBytes,
        staticBytes,
        activationBytes: peakBytes - staticBytes,
        savedBytes: (index === 0 ? savedOfFirst : saved) * MiB,
        phase: 'backward',
        layer: '',
        categories: {
          parameters: 90 * MiB,
          gradients: 0,
          optimizerState: 0,
          savedActivations: 0,
          batch: 0,
          workspace: peakBytes - 90 * MiB,
        },
      },
      samplesMs: samplesMs[index]!,
      ...compared[index]!,
    };
  });
  return {
    settings: {
      model: 'minilm-l6',
      methods: rows.map((row) => row.method),
      batchSize: 32,
      sequenceLength: 128,
      vocabularySize: 30522,
      rounds: 3,
      dropout: 0,
      saving: 'lean',
    },
    warmupSteps: 2,
    weights: { source: 'sentence-transformers/all-MiniLM-L6-v2@c9745ed' },
    backend: { name: 'tensorflow', device: 'TensorFlow 2.21.0, 2 threads', reason: 'best that loads: tensorflow' },
    methods,
  };
}

it('renders for a terminal', () => {
  expect(renderTerminal(profileTable(example()), { colour: false })).toMatchInlineSnapshot(`
    "minilm-l6 · 32 × 128 tokens

    method                                step                  step ratio   peak  max saved  saved ratio  trainable
                          ms, median ± MAD (n)  to first, median ± MAD (n)    MiB        MiB     to first          %
    full                         2450 ± 50 (3)                           1  850.0      400.0            1     100.00
    tokentune(tokens=16)          1225 ± 0 (3)           0.500 ± 0.000 (3)  560.3       60.0        0.150     100.00
    bitfit                      80.0 ± 0.1 (3)           0.033 ± 0.000 (3)  300.0       10.0        0.025       1.00"
  `);
});

it('has no ratio to a method that saves nothing', () => {
  const table = renderMarkdown(profileTable(example(0)));
  expect(table).toContain('| 560.3 | 60.0 | — | 100.00 |');
});

it('says below the table what a reader must know', () => {
  const notes = profileNotes(example(), { model: 'Example CPU', count: 2 }, 'npx leantune profile full bitfit');
  expect(notes.join('\n')).toMatchInlineSnapshot(`
    "step: forward, backward, clipping and update; median ± median absolute deviation over n rounds, after 2 warm-up steps of each method. In every round each method makes one step in turn.
    step ratio: to the first method within the same round, then median ± MAD over the rounds.
    peak: logical peak, the largest sum of bytes of live buffers during a training step of the method alone. max saved: largest sum of distinct buffers held for the backward pass, parameters and batch excluded. 1 MiB = 1024² bytes.
    data: one batch of 32 rows of 128 random tokens each, without padding; weights: sentence-transformers/all-MiniLM-L6-v2@c9745ed, the same for every method.
    all rows: optimizer adamw, clip 1, dropout 0, saving lean, precision float32.
    backend: tensorflow, TensorFlow 2.21.0, 2 threads (best that loads: tensorflow); 2 × Example CPU.
    command: npx leantune profile full bitfit"
  `);
});
