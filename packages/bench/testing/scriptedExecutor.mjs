// Executor of the runner's tests: a real process that ends in the way that the environment variable
// LEANTUNE_TEST_ENDINGS tells for its cell, e.g. {"lora/1":"fail"}. It trains nothing; the figures it gives are
// simple functions of the method's name and the seed, so that tables and plots have something to show.
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { EnvironmentError, OutOfMemoryError } from '@leantune/core';

const MiB = 1024 * 1024;
const endings = JSON.parse(process.env.LEANTUNE_TEST_ENDINGS ?? '{}');

/** Score, trainable parameters, MiB of gradients, optimiser state and saved activations. */
const shapes = {
  full: { score: 0.92, trainable: 22_700_000, gradients: 40, optimizer: 173, saved: 60, stepMs: 400 },
  lora: { score: 0.918, trainable: 74_000, gradients: 0.3, optimizer: 0.6, saved: 42, stepMs: 250 },
  bitfit: { score: 0.9, trainable: 46_000, gradients: 0.2, optimizer: 0.4, saved: 21, stepMs: 230 },
  tokentune: { score: 0.907, trainable: 22_700_000, gradients: 40, optimizer: 173, saved: 15, stepMs: 200 },
};

const endingsByName = {
  fail: () => {
    throw new EnvironmentError('the data file is not there', {
      code: 'LEANTUNE_TEST_FAILURE',
      remedy: 'Put it there.',
    });
  },
  unexpected: () => {
    throw new TypeError('x is not a function');
  },
  oom: () => {
    throw new OutOfMemoryError('the budget of 64 MiB is exceeded', {
      code: 'LEANTUNE_TEST_BUDGET',
      requestedBytes: 4096,
    });
  },
  wasm: () => {
    throw new RangeError('memory access out of bounds');
  },
  heap: () => {
    const hoard = [];
    for (;;) hoard.push(new Array(100_000).fill(hoard.length));
  },
  sigkill: () => process.kill(process.pid, 'SIGKILL'),
  exit: () => process.exit(7),
};

export async function executeCell(config, hooks) {
  const name = config.method.split('(')[0];
  const ending = endings[`${name}/${config.seed}`];
  const shape = shapes[name] ?? shapes.full;
  const totalSteps = ending === 'slow' ? 2000 : 4;
  hooks.onLog('loading weights');
  if (process.env.LEANTUNE_TEST_STARTED) writeFileSync(process.env.LEANTUNE_TEST_STARTED, name);
  const peakBytes = Math.round((87 + shape.gradients + shape.optimizer + shape.saved + 1 + 6) * MiB) + config.seed * 4;
  for (let step = 1; step <= totalSteps; step += 1) {
    const loss = 0.7 - 0.1 * Math.min(step, 5);
    hooks.onProgress({ epoch: 1, step, totalSteps, phase: 'backward', loss, peakBytes, stepMs: shape.stepMs });
    if (step === 3) endingsByName[ending]?.();
    await hooks.onStep({ step, epoch: 1, loss, learningRate: config.training.learningRate, stepMs: shape.stepMs });
    if (ending === 'slow') await sleep(10);
  }
  const score = { name: 'accuracy', value: shape.score + 0.004 * config.seed, direction: 'higher', split: 'dev' };
  const bytes = (mebibytes) => Math.round(mebibytes * MiB);
  const categories = {
    parameters: bytes(87),
    gradients: bytes(shape.gradients),
    optimizerState: bytes(shape.optimizer),
    savedActivations: bytes(shape.saved),
    batch: bytes(1),
    workspace: bytes(6),
  };
  return {
    metrics: [score],
    epochs: [{ epoch: 1, trainLoss: ending === 'nan' ? NaN : 0.5, metrics: [score], seconds: 1 }],
    loss: { first: 0.6, last: 0.3, minimum: 0.3, steps: totalSteps },
    memory: {
      peakBytes,
      staticBytes: bytes(87 + shape.gradients + shape.optimizer),
      activationBytes: bytes(shape.saved + 7),
      savedBytes: bytes(shape.saved * 1.1),
      phase: 'backward',
      layer: 'encoder.layer.5',
      categories,
    },
    time: { stepMs: { median: shape.stepMs, mad: 3, n: 3, warmup: 1 }, totalSeconds: 2 },
    parameters: { trainable: shape.trainable, total: 22_800_000 },
    sources: {
      weights: { source: 'none', random: false },
      dataset: { source: 'none', rows: { train: 64, dev: 600 }, trainSplit: 'train', reportSplit: 'dev' },
    },
    backend: { name: config.backend, device: 'nothing computed', details: {} },
    warnings: [],
  };
}
