import { expect, it } from 'vitest';
import { mutatedHeaderOutcomes } from '../testing/mutateHeaders.js';

it('survives 10,000 mutated headers with errors of ours only', async () => {
  const outcomes = await mutatedHeaderOutcomes(10_000);
  expect(outcomes.opened + outcomes.refused).toBe(10_000);
  expect(outcomes.refused).toBeGreaterThan(5_000);
});
