/** A complete result to vary in tests of tables and plots. */
import { cellId } from '../cell/cellId.js';
import { cellConfigSchema, cellOutcomeSchema } from '../cell/contract.js';
import type { CellConfig, CellOutcome } from '../cell/contract.js';
import type { LoadedCell } from '../report/loadRun.js';
import { defaultTraining } from '../sweep/schema.js';
import type { CellResult } from '../result/schema.js';

const MiB = 1024 * 1024;

export interface Example {
  readonly method: string;
  readonly seed?: number;
  readonly score?: number;
  readonly std?: number;
  readonly peakMebibytes?: number;
  readonly learningRate?: number;
  readonly direction?: 'higher' | 'lower';
  /** The epoch that the development score selected, of three. */
  readonly selected?: number;
  /** Metrics after the headline. */
  readonly more?: CellOutcome['metrics'];
}

export function exampleConfig({ method, seed = 0, learningRate = 5e-5, selected }: Example): CellConfig {
  return cellConfigSchema.parse({
    model: 'minilm-l6',
    task: { name: 'sentences', maxLength: 64 },
    method,
    seed,
    training: { ...defaultTraining, learningRate, ...(selected === undefined ? {} : { select: 'best-dev' }) },
    saving: 'lean',
    backend: 'tensorflow',
    limits: {},
  });
}

export function exampleOutcome(example: Example): CellOutcome {
  const { score = 0.9, peakMebibytes = 300, direction = 'higher', selected, more = [] } = example;
  return cellOutcomeSchema.parse({
    metrics: [{ name: 'accuracy', value: score, direction, split: 'dev' }, ...more],
    ...(selected !== undefined && {
      selected: { epoch: selected, epochs: 3, metric: 'accuracy', split: 'dev', value: score },
    }),
    epochs: [],
    loss: { first: 0.7, last: 0.2, minimum: 0.2, steps: 450 },
    memory: {
      peakBytes: peakMebibytes * MiB,
      staticBytes: 200 * MiB,
      activationBytes: (peakMebibytes - 200) * MiB,
      savedBytes: 50 * MiB,
      categories: {
        parameters: 90 * MiB,
        gradients: 10 * MiB,
        optimizerState: 20 * MiB,
        savedActivations: (peakMebibytes - 130) * MiB,
        batch: 1 * MiB,
        workspace: 9 * MiB,
      },
    },
    time: { stepMs: { median: 412.3, mad: 3, n: 440, warmup: 10 }, totalSeconds: 190 },
    parameters: { trainable: 148_226, total: 22_713_986 },
    sources: {
      weights: { source: 'cache', random: false },
      tokenizer: { source: 'word-piece of cache' },
      dataset: { source: 'npm sentiment', rows: { train: 2400, dev: 600 }, trainSplit: 'train', reportSplit: 'dev' },
    },
    backend: { name: 'tensorflow', device: 'TensorFlow 2.21.0, 2 threads', details: {} },
    warnings: [],
  });
}

type Ending =
  | { readonly status: 'ok' }
  | Pick<Extract<CellResult, { status: 'oom' }>, 'status' | 'failure' | 'reached'>
  | Pick<Extract<CellResult, { status: 'failed' }>, 'status' | 'failure'>;

export function exampleCell(example: Example, ending: Ending = { status: 'ok' }, stale = false): LoadedCell {
  const config = exampleConfig(example);
  const id = cellId(config);
  const label = example.method.replace(/\(.*\)/, '');
  const base = {
    schemaVersion: 1,
    id,
    sweep: 'example',
    label,
    config,
    provenance: {
      codeFingerprint: 'abc',
      packages: {},
      node: 'v20.20.2',
      os: 'linux',
      cpu: { model: 'Example CPU', count: 2 },
      memoryBytes: 8 * 1024 * MiB,
      command: 'npx leantune run example',
      startedAt: '2026-01-01T00:00:00.000Z',
      finishedAt: '2026-01-01T00:03:00.000Z',
    },
  } as const;
  const result: CellResult =
    ending.status === 'ok' ? { ...base, status: 'ok', outcome: exampleOutcome(example) } : { ...base, ...ending };
  return { id, label, config, result, stale };
}
