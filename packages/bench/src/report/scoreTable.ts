/** Every score of a section, other tasks' too: a line for each metric and split, a column for each row of the section. */
import { messages } from '../messages.js';
import type { Score } from './aggregate.js';
import type { Section } from './buildTable.js';
import { scoreName, scoreText } from './scoreText.js';
import type { Cell, Table } from './table.js';

/** Undefined where the headline, which stands in the main table, is all there is. */
export function buildScoreTable({ title, rows }: Section): Table | undefined {
  const measured = rows.filter((row) => row.measured !== undefined);
  const lines = new Map<string, Score>();
  for (const score of measured.flatMap((row) => row.measured!.scores)) {
    const key = keyOf(score);
    if (!lines.has(key)) lines.set(key, score);
  }
  if (lines.size < 2) return undefined;
  return {
    title: messages.scoresTitle(title),
    columns: [
      { header: messages.metric(), align: 'left' },
      { header: messages.split(), align: 'left' },
      ...measured.map((row) => ({ header: row.label, unit: messages.scoresUnit(), align: 'right' as const })),
    ],
    rows: [...lines].map(([key, { name, split, direction }]) => {
      const scores = measured.map((row) => row.measured!.scores.find((score) => keyOf(score) === key));
      const best = bestOf(scores, direction);
      return [
        { text: scoreName({ name, direction }) },
        { text: split },
        ...scores.map((score): Cell => {
          if (score === undefined) return { text: '—', emphasis: 'quiet' };
          // Over seeds; of a single seed over the rows of the split.
          const text = scoreText(score, score.std ?? score.standardError);
          return { text, ...(score.mean === best ? { emphasis: 'best' as const } : {}) };
        }),
      ];
    }),
  };
}

const keyOf = ({ name, split }: Score) => JSON.stringify([name, split]);

/** Where all are equal, or alone, nobody is best. */
function bestOf(scores: readonly (Score | undefined)[], direction: Score['direction']): number | undefined {
  const means = scores.flatMap((score) => score?.mean ?? []);
  if (new Set(means).size < 2) return undefined;
  return direction === 'higher' ? Math.max(...means) : Math.min(...means);
}
