import { expect, it } from 'vitest';
import { mutatedTokenizerOutcomes } from '../testing/mutateTokenizers.js';

it('survives 10,000 damaged tokenizer folders with errors of ours only, in bounded time and memory', async () => {
  const outcomes = await mutatedTokenizerOutcomes(10_000);
  expect(outcomes.opened + outcomes.refused).toBe(10_000);
  expect(outcomes.refused).toBeGreaterThan(3_000);
  expect(outcomes.opened).toBeGreaterThan(1_000);
  expect(outcomes.slowestMs).toBeLessThan(20_000);
  expect(process.memoryUsage().rss).toBeLessThan(2 ** 30);
}, 600_000);
