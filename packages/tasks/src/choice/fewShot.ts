/** Prompts with solved examples before the question, as lm-evaluation-harness 0.4.13 writes and draws them. */
import { UsageError } from '@leantune/core';
import type { ChoiceRow } from '../data/dataset.js';
import { messages } from '../messages.js';
import { PythonRandom } from './pythonRandom.js';
import type { ChoiceTemplate } from './template.js';

/** The harness' default `fewshot_random_seed`. */
const SEED = 1234;
const DELIMITER = '\n\n';

/**
 * Where the examples come from. `first`: the first ones of the row's subject; `random`: drawn anew for every row, from
 * one stream over all rows in their order; `random-but-itself` draws one more and leaves the row itself out.
 */
export interface ShotSource {
  readonly split: string;
  readonly sampler: 'first' | 'random' | 'random-but-itself';
}

/** Description and solved examples of every row, in the order of `rows`. */
export function promptsOf(
  rows: readonly ChoiceRow[],
  template: ChoiceTemplate,
  shots: number,
  examples: readonly ChoiceRow[],
  sampler: ShotSource['sampler'],
): string[] {
  const random = new PythonRandom(SEED);
  const needed = sampler === 'random-but-itself' ? shots + 1 : shots;
  return rows.map((row) => {
    const description = template.description?.(row) ?? '';
    if (shots === 0) return description;
    const pool = row.subject === undefined ? examples : examples.filter(({ subject }) => subject === row.subject);
    if (pool.length < needed) {
      throw new UsageError(messages.tooFewExamples(shots, pool.length, row.subject), { code: 'LEANTUNE_SHOTS' });
    }
    const drawn = sampler === 'first' ? pool.slice(0, shots) : random.sample(pool, needed);
    const others = sampler === 'random-but-itself' ? drawn.filter((example) => !equal(example, row)) : drawn;
    return (
      description +
      others
        .slice(0, shots)
        .map((example) => solved(example, template))
        .join('')
    );
  });
}

function solved(row: ChoiceRow, { context, target, delimiter }: ChoiceTemplate): string {
  return context(row, row.label) + delimiter + target(row, row.label) + DELIMITER;
}

function equal(a: ChoiceRow, b: ChoiceRow): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
