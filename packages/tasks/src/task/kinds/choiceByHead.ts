/**
 * Questions with choices, by an encoder: each choice is read with its question, and a head scores the pairs (Hugging
 * Face's `…ForMultipleChoice`).
 */
import { UsageError, predict } from '@leantune/core';
import { Batcher } from '../../batching/batcher.js';
import { encodeText, type EncodedExample } from '../../batching/encode.js';
import { scoreChoices } from '../../choice/scoreChoices.js';
import type { ChoiceRow } from '../../data/dataset.js';
import { messages } from '../../messages.js';
import type { ChoiceDeclaration } from '../declaration.js';
import { answerableRows, withWarnings } from './choice.js';
import type { EncodeTaskOptions, TaskKind } from './kind.js';

export const choiceByHeadKind: TaskKind<ChoiceDeclaration, ChoiceRow> = {
  head: () => ({ kind: 'multiple-choice' }),
  check: ({ name }, options) => {
    // A prompt is for a model that goes on writing.
    const asked = (['trainTemplate', 'evalTemplate', 'shots', 'specialTokens'] as const).find(
      (option) => options[option] !== undefined && options[option] !== 0,
    );
    if (asked !== undefined) throw new UsageError(messages.noPrompts(name, asked), { code: 'LEANTUNE_TEMPLATE' });
  },
  encode: (declaration, rows, options) => ({
    examples: answerableRows(rows).map((row) => pairsOf(declaration, row, options)),
    maxLength: options.maxLength,
    labels: 'int32',
  }),
  evaluate: async (declaration, model, { split, rows: all, encoded }, options) => {
    const rows = answerableRows(all);
    const { examples, labels } = encoded();
    const { padTokenId } = options.tokenizer;
    const scores: (readonly number[])[] = [];
    for (const batch of new Batcher(examples, { size: options.size, order: 'length', padTokenId, labels })) {
      const { logits, shape } = predict(model, batch); // [questions, choices]
      const choices = shape[1]!;
      batch.indices.forEach((index, place) => {
        const start = place * choices;
        scores[index] = [...logits.subarray(start, start + rows[index]!.choices.length)];
      });
      await options.breathe?.();
    }
    // Scores of whole texts do not grow with the length of a choice: nothing to be normalised by it.
    const score = scoreChoices({ ...declaration, metrics: ['acc'] }, split, rows, scores);
    return withWarnings(score, declaration, all.length - rows.length, 0);
  },
};

/** Question (and passage) with each choice; where the choices fill a gap, what precedes it with what follows. */
function pairsOf({ gap }: ChoiceDeclaration, row: ChoiceRow, options: EncodeTaskOptions): EncodedExample {
  const { question, support, choices, label } = row;
  const [first, ...others] = choices.map((choice) => {
    const at = gap === undefined ? -1 : question.indexOf(gap);
    const [before, after] = at < 0 ? [question, choice] : [question.slice(0, at), choice + question.slice(at + 1)];
    const given = support === undefined || support === '' ? before : `${support} ${before}`;
    return encodeText(given, after, options.tokenizer, options);
  });
  return { ...first!, otherChoices: others, label };
}
