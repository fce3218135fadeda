import { describe, expect, it } from 'vitest';
import { glueLoader } from './glueLoader.js';
import { dataFolder, emptyEnvironment } from '../testing/glueFolder.js';
import { loadMutatedFiles } from '../testing/mutatedFiles.js';

const MINUTES = 60_000;

describe('loader under load', () => {
  it('gives only typed errors on 10,000 mutated files', { timeout: 5 * MINUTES }, async () => {
    const outcomes = await loadMutatedFiles(10_000);
    expect(Object.values(outcomes).reduce((a, b) => a + b, 0)).toBe(10_000);
    expect(outcomes.loaded).toBeGreaterThan(0);
  });

  it('loads 400,000 rows of pairs in seconds', { timeout: MINUTES }, async () => {
    const rows = 400_000;
    const header = 'id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n';
    const lines = Array.from(
      { length: rows },
      (_, i) =>
        `${i}\t${2 * i}\t${2 * i + 1}\tHow can I learn topic ${i} well and "fast"?\tWhat is topic ${i}?\t${i % 2}\n`,
    );
    const folder = dataFolder({ 'QQP/train.tsv': header + lines.join('') });
    const load = glueLoader({
      folder: 'QQP',
      files: { train: 'train.tsv' },
      layout: { header: true, columns: { text: 'question1', pair: 'question2', label: 'is_duplicate' } },
      label: { spellings: ['0', '1'] },
    });
    const startMs = performance.now();
    const dataset = await load('qqp', { dataFolder: folder, environment: emptyEnvironment });
    const elapsedMs = performance.now() - startMs;
    expect(dataset.splits.train).toHaveLength(rows);
    expect(elapsedMs).toBeLessThan(5000);
  });
});
