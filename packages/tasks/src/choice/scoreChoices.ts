/** Log-likelihoods of choices → acc and acc_norm of lm-evaluation-harness, over all rows and by subject. Or other scores. */
import type { ChoiceRow } from '../data/dataset.js';
import type { MetricName } from '../metrics/metric.js';
import type { ChoiceDeclaration } from '../task/declaration.js';
import { scoreRows, type TaskScore } from '../task/score.js';

type CharactersOf = (row: ChoiceRow, choice: number) => number;
type RowScores = Readonly<Partial<Record<MetricName, number>>>;

/**
 * `values` holds the log-likelihoods (or logits) of every row's choices. Without `characters`, the length of a choice in
 * characters, there is no acc_norm.
 */
export function scoreChoices(
  declaration: Pick<ChoiceDeclaration, 'metrics' | 'scoring' | 'categories'>,
  split: string,
  rows: readonly ChoiceRow[],
  values: readonly (readonly number[])[],
  characters?: CharactersOf,
): TaskScore {
  const scores = rows.map((row, index) =>
    declaration.scoring === 'mass' ? { acc: massOf(row, values[index]!) } : bestOf(row, values[index]!, characters),
  );
  const over = (indices: readonly number[]) =>
    scoreRows(split, declaration.metrics, indices.length, (name) => ({
      predictions: indices.map((index) => scores[index]![name] ?? Number.NaN),
      labels: indices.map(() => 1),
    }));
  const groups = groupsOf(rows, declaration.categories).map(([name, indices]) => {
    const { rows: count, metrics, standardErrors } = over(indices);
    return [name, { rows: count, metrics, standardErrors }] as const;
  });
  const all = over(rows.map((_, index) => index));
  return groups.length === 0 ? all : { ...all, groups: Object.fromEntries(groups) };
}

/** The likeliest choice, as such and by character of the choice; of equals the first one. */
function bestOf(row: ChoiceRow, values: readonly number[], characters?: CharactersOf): RowScores {
  const right = (found: readonly number[]) => {
    if (found.some(Number.isNaN)) return Number.NaN;
    return found.indexOf(Math.max(...found)) === row.label ? 1 : 0;
  };
  if (characters === undefined) return { acc: right(values) };
  const normalised = values.map((value, choice) => value / characters(row, choice));
  return { acc: right(values), acc_norm: right(normalised) };
}

/** Probability of the right choices among all of them. */
function massOf({ truths = [] }: ChoiceRow, values: readonly number[]): number {
  // Shifted by the largest, so that long choices do not all become 0.
  const largest = Math.max(...values);
  const probabilities = values.map((value) => Math.exp(value - largest));
  const total = probabilities.reduce((sum, value) => sum + value, 0);
  return probabilities.reduce((sum, value, choice) => sum + (truths[choice] === 1 ? value : 0), 0) / total;
}

/** Rows of every category, then of every subject, in order of appearance. */
function groupsOf(rows: readonly ChoiceRow[], categories: ((subject: string) => string) | undefined) {
  const subjects = new Map<string, number[]>();
  const wider = new Map<string, number[]>();
  const add = (groups: Map<string, number[]>, name: string, index: number) => {
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [index]);
    else group.push(index);
  };
  rows.forEach(({ subject }, index) => {
    if (subject === undefined) return;
    add(subjects, subject, index);
    if (categories !== undefined) add(wider, categories(subject), index);
  });
  return [...wider, ...subjects];
}
