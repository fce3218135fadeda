import { expect, it } from 'vitest';
import { compareChecks } from './sameJob.js';

const figures = { loss: 0.7, gradientNorm: 2, trainedParameters: 100 };

it('agrees within 1e-4 of the loss and 0.1 % of the gradient norm', () => {
  const near = { loss: 0.70009, gradientNorm: 2.0019, trainedParameters: 100 };
  expect(compareChecks(near, figures)).toEqual({ ours: near, theirs: figures, differences: [] });
});

it.each([
  [{ loss: 0.7002 }, ['loss 0.7002 beside 0.7 (allowed: 0.0001)']],
  [{ gradientNorm: 2.0021 }, ['gradient norm 2.0021 beside 2 (allowed: 0.001)']],
  [{ trainedParameters: 101 }, ['trained parameters 101 beside 100 (allowed: 0)']],
  [
    { loss: NaN, gradientNorm: NaN },
    ['loss NaN beside 0.7 (allowed: 0.0001)', 'gradient norm NaN beside 2 (allowed: 0.001)'],
  ],
])('names what differs: %o', (change, differences) => {
  expect(compareChecks({ ...figures, ...change }, figures).differences).toEqual(differences);
});
