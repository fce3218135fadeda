import { expect, it } from 'vitest';
import { mutatedTokenizerOutcomes } from '../testing/mutateTokenizers.js';

it('survives 400 damaged tokenizer folders with errors of ours only', async () => {
  const outcomes = await mutatedTokenizerOutcomes(400);
  expect(outcomes.opened + outcomes.refused).toBe(400);
  expect(outcomes.refused).toBeGreaterThan(150);
  expect(outcomes.opened).toBeGreaterThan(50);
});
