import { expect, it } from 'vitest';
import { renderSvg } from '../plot/render.js';
import { renderMarkdown } from '../report/renderTable.js';
import { benchNotes, benchTable } from './benchTable.js';
import type { StepJob } from './protocol.js';
import { pairedRatio } from './ratios.js';
import { ratioPlot } from './ratioPlot.js';
import type { BenchRow, RowFacts, Side } from './rows.js';
import type { BenchSettings } from './settings.js';

const settings: BenchSettings = {
  suites: ['peers'],
  model: 'minilm-l6',
  randomWeights: false,
  methods: ['full', 'meft1'],
  batchSize: 32,
  sequenceLength: 128,
  vocabularySize: 30522,
  dropouts: [0],
  ops: [],
  shapes: [],
  threads: 2,
};

const job: StepJob = {
  kind: 'step',
  model: 'minilm-l6',
  randomWeights: false,
  method: 'full',
  batchSize: 32,
  sequenceLength: 128,
  vocabularySize: 30522,
  dropout: 0,
  seed: 0,
  learningRate: 5e-5,
  weightDecay: 0.01,
  maxGradNorm: 1,
};

const facts = (name: string, backend: string): RowFacts => ({
  suite: 'peers',
  case: name,
  job,
  backend,
  reference: 'transformers',
});

const ours: Side = { device: 'torch 2.13.0, 2 threads', samplesMs: [90, 100, 120] };
const theirs: Side = { device: 'PyTorch 2.13.0, 2 threads', versions: { torch: '2.13.0' }, samplesMs: [100, 100, 100] };
const figures = { loss: 0.7, gradientNorm: 2, trainedParameters: 22_713_986 };

const rows: readonly BenchRow[] = [
  {
    ...facts('full, dropout 0', 'torch'),
    status: 'ok',
    ratio: pairedRatio(ours.samplesMs, theirs.samplesMs),
    ours,
    theirs,
    agreement: { ours: { ...figures, loss: 0.700002 }, theirs: figures, differences: [] },
  },
  {
    ...facts('meft1, dropout 0', 'torch'),
    status: 'absent',
    reason: 'python3: not found',
    remedy: 'pip install torch',
  },
  { ...facts('lora, dropout 0', 'tensorflow'), status: 'failed', reason: 'transformers ended with SIGKILL' },
];

it('shows ratios, and why there is none', () => {
  expect(renderMarkdown(benchTable('peers', rows, settings))).toMatchInlineSnapshot(`
    "## training steps beside transformers and PEFT · minilm-l6 · 32 × 128 tokens

    | case | backend | beside | ratio (median) | quartiles | range | rounds | remarks |
    | :--- | :--- | :--- | ---: | ---: | ---: | ---: | :--- |
    | full, dropout 0 | torch | transformers | 1.000 | 0.950 – 1.100 | 0.900 – 1.200 | 3 | same loss (2e-6), 22713986 trained |
    | meft1, dropout 0 | torch | transformers | — | — | — | — | peer absent: python3: not found; pip install torch |
    | lora, dropout 0 | tensorflow | transformers | — | — | — | — | failed: transformers ended with SIGKILL |"
  `);
  expect(benchTable('ops', rows, settings).rows).toEqual([]);
});

it('says below the table what a reader must know', () => {
  const notes = benchNotes('peers', rows, settings, { model: 'Example CPU', count: 2 }, 'npx leantune bench peers');
  expect(notes.join('\n')).toMatchInlineSnapshot(`
    "ratio: time of the backend over that of the peer in the same round, then median, quartiles and range over the rounds; below 1 it is faster. In every round each makes one turn, one after the other, each in a process of its own that sleeps between its turns; 2 turns each before the first round do not count.
    step: batch to the device, forward, backward, clipping to norm 1, AdamW (decay 0.01), loss to the host; float32; 32 rows of 128 random tokens without padding; weights of minilm-l6; 2 threads.
    same loss: difference of the losses of the first batch with the same weights, without dropout; gradient norms agree within 0.1 %, numbers of trained parameters exactly. A pair that disagrees has no ratio.
    peer: torch 2.13.0; attention and AdamW as they come (sdpa, torch.optim.AdamW).
    12 rounds; torch 2.13.0, 2 threads; PyTorch 2.13.0, 2 threads; 2 × Example CPU.
    command: npx leantune bench peers"
  `);
});

it('draws a point for every ratio', async () => {
  const plot = ratioPlot(rows, { title: 'peers', subtitle: ['example'] });
  expect(plot?.data).toEqual([
    {
      case: 'full, dropout 0',
      backend: 'torch',
      reference: 'transformers',
      median: 1,
      lowerQuartile: 0.95,
      upperQuartile: 1.1,
      n: 3,
    },
  ]);
  expect(await renderSvg(plot!.spec)).toContain('full, dropout 0');
  expect(ratioPlot(rows.slice(1), { title: 'peers', subtitle: [] })).toBeUndefined();
});
