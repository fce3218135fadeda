/** How a question is put to a language model, and what it is asked to go on with. */
import type { ChoiceRow } from '../data/dataset.js';

export interface ChoiceTemplate {
  /** Comes first, once. */
  readonly description?: (row: ChoiceRow) => string;
  /** What precedes the answer; it depends on `choice` only where the choices fill a gap in it. */
  readonly context: (row: ChoiceRow, choice: number) => string;
  /** What is scored, without the delimiter; its characters divide the log-likelihood in `acc_norm`. */
  readonly target: (row: ChoiceRow, choice: number) => string;
  /** Between context and target. */
  readonly delimiter: ' ' | '';
  /**
   * Whether context and target are encoded together and cut (lm-evaluation-harness), or each for itself with its own
   * limit of length (MEFT's training code).
   */
  readonly encoding: 'together' | 'apart';
}

/** A template of lm-evaluation-harness. */
export const harness = (template: Pick<ChoiceTemplate, 'description' | 'context' | 'target'>): ChoiceTemplate => ({
  ...template,
  delimiter: ' ',
  encoding: 'together',
});

/** A template of MEFT's training code: no space before the answer. */
export const meft = (context: (row: ChoiceRow) => string): ChoiceTemplate => ({
  context,
  target: choiceText,
  delimiter: '',
  encoding: 'apart',
});

export const choiceText = (row: ChoiceRow, choice: number): string => row.choices[choice]!;

/** Length of a choice in characters as Python counts them: code points. */
export const charactersOf =
  ({ target }: Pick<ChoiceTemplate, 'target'>) =>
  (row: ChoiceRow, choice: number): number =>
    Array.from(target(row, choice)).length;
