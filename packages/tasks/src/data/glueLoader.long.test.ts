import { describe, expect, it } from 'vitest';
import { loadMutatedFiles, loadMutatedParquet } from '../testing/mutatedFiles.js';

const MINUTES = 60_000;

describe('loader under load', () => {
  it('gives only typed errors on 10,000 mutated files', { timeout: 10 * MINUTES }, async () => {
    const outcomes = await loadMutatedFiles(10_000);
    expect(Object.values(outcomes).reduce((a, b) => a + b, 0)).toBe(10_000);
    expect(outcomes.loaded).toBeGreaterThan(0);
  });

  it('gives only typed errors on 2,000 mutated Parquet files', { timeout: 10 * MINUTES }, async () => {
    const outcomes = await loadMutatedParquet(2000);
    expect(Object.values(outcomes).reduce((a, b) => a + b, 0)).toBe(2000);
    expect(outcomes.LEANTUNE_PARQUET).toBeGreaterThan(0);
  });
});
