import { describe, expect, it } from 'vitest';
import { exampleConfig } from '../testing/exampleResult.js';
import { formatDuration } from '../units.js';
import { progressLine } from './progressLine.js';

const cell = { label: 'lora', config: exampleConfig({ method: 'lora', seed: 1 }) };
const place = { position: 3, total: 8, cell };

describe('progressLine', () => {
  it('tells what the cell does before its first step', () => {
    expect(progressLine({ ...place, log: 'loading weights' })).toBe(
      '[3/8] minilm-l6 · sentences · lora · seed 1 | loading weights',
    );
  });

  it('tells step, loss, peak, speed and time to go', () => {
    const progress = { epoch: 1, step: 31, totalSteps: 75, loss: 0.4123, peakBytes: 202_375_168 };
    expect(progressLine({ ...place, progress, stepsPerSecond: 4.12, secondsLeft: 80 })).toBe(
      '[3/8] minilm-l6 · sentences · lora · seed 1 | step 31/75 | loss 0.412 | peak 193.0 MiB | 4.12 it/s | ETA 1m 20s',
    );
  });
});

it('formatDuration', () => {
  expect([0.4, 59.4, 59.6, 3599.4, 3600, 7500].map(formatDuration)).toEqual([
    '0s',
    '59s',
    '1m 00s',
    '59m 59s',
    '1h 00m',
    '2h 05m',
  ]);
});
