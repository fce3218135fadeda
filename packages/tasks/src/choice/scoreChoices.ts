/** Log-likelihoods of choices → acc and acc_norm of lm-evaluation-harness, over all rows and by subject. */
import type { ChoiceRow } from '../data/dataset.js';
import type { MetricName } from '../metrics/metric.js';
import type { ChoiceDeclaration } from '../task/declaration.js';
import { scoreRows, type TaskScore } from '../task/score.js';
import type { Likelihood } from './logLikelihood.js';
import type { ChoiceTemplate } from './template.js';

type RowScores = Readonly<Partial<Record<MetricName, number>>>;

/** `found` holds the likelihoods of every row's choices. */
export function scoreChoices(
  declaration: Pick<ChoiceDeclaration, 'metrics' | 'scoring' | 'categories'>,
  template: Pick<ChoiceTemplate, 'target'>,
  split: string,
  rows: readonly ChoiceRow[],
  found: readonly (readonly Likelihood[])[],
): TaskScore {
  const scores = rows.map((row, index) => {
    const likelihoods = found[index]!.map(({ logLikelihood }) => logLikelihood);
    return declaration.scoring === 'mass' ? { acc: massOf(row, likelihoods) } : bestOf(row, likelihoods, template);
  });
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
function bestOf(row: ChoiceRow, likelihoods: readonly number[], { target }: Pick<ChoiceTemplate, 'target'>): RowScores {
  // Python's len: code points.
  const characters = row.choices.map((_, choice) => Array.from(target(row, choice)).length);
  const normalised = likelihoods.map((value, choice) => value / characters[choice]!);
  const right = (values: readonly number[]) => {
    if (values.some(Number.isNaN)) return Number.NaN;
    return values.indexOf(Math.max(...values)) === row.label ? 1 : 0;
  };
  return { acc: right(likelihoods), acc_norm: right(normalised) };
}

/** Probability of the right choices among all of them. */
function massOf({ truths = [] }: ChoiceRow, likelihoods: readonly number[]): number {
  // Shifted by the largest, so that long choices do not all become 0.
  const largest = Math.max(...likelihoods);
  const probabilities = likelihoods.map((value) => Math.exp(value - largest));
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
