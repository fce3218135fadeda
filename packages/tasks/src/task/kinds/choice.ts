/** Questions with choices, by a language model: trained on the right choice, scored by likelihood. */
import { UsageError, nearestName } from '@leantune/core';
import type { EncodedExample } from '../../batching/encode.js';
import { languageExample } from '../../batching/languageExample.js';
import { encodePair } from '../../choice/encodePair.js';
import { promptsOf } from '../../choice/fewShot.js';
import { logLikelihoods } from '../../choice/logLikelihood.js';
import { scoreChoices } from '../../choice/scoreChoices.js';
import { charactersOf, type ChoiceTemplate } from '../../choice/template.js';
import type { ChoiceRow } from '../../data/dataset.js';
import { messages } from '../../messages.js';
import type { ChoiceDeclaration } from '../declaration.js';
import type { TaskScore } from '../score.js';
import type { EncodeTaskOptions, EvaluateOptions, PromptOptions, TaskKind } from './kind.js';

export const choiceKind: TaskKind<ChoiceDeclaration, ChoiceRow> = {
  head: () => ({ kind: 'causal-lm' }),
  check: checkPrompts,
  encode: (declaration, rows, options) => {
    const template = templateOf(declaration, options.trainTemplate);
    const encode = template.encoding === 'together' ? encodeTogether : encodeApart;
    return {
      examples: answerableRows(rows).map((row) => encode(row, template, options)),
      maxLength: template.encoding === 'together' ? options.maxLength : 2 * options.maxLength,
      labels: 'tokens',
    };
  },
  evaluate: async (declaration, model, { split, rows: all, rowsOf }, options) => {
    checkPrompts(declaration, options);
    const rows = answerableRows(all);
    const template = templateOf(declaration, options.evalTemplate);
    const { shots = 0 } = options;
    const examples = shots === 0 ? [] : answerableRows(rowsOf(declaration.shots!.split));
    const prompts = promptsOf(rows, template, shots, examples, declaration.shots?.sampler ?? 'first');
    const pairs = rows.flatMap((row, index) => choicePairs(row, prompts[index]!, template, options));
    const found = await logLikelihoods(model, pairs, { ...options, padTokenId: options.tokenizer.padTokenId });
    const likelihoods = byRow(
      rows,
      found.map(({ logLikelihood }) => logLikelihood),
    );
    const score = scoreChoices(declaration, split, rows, likelihoods, charactersOf(template));
    const empty = pairs.filter(({ continuation }) => continuation.length === 0).length;
    return withWarnings(score, declaration, all.length - rows.length, empty);
  },
};

/** Copies of some datasets lack a few choices, and with them the right one. */
export const answerableRows = (rows: readonly ChoiceRow[]): ChoiceRow[] => rows.filter(({ label }) => label >= 0);

/** The score with what a reader must know: rows left out, answers without a token of their own. */
export function withWarnings(
  score: TaskScore,
  { name }: ChoiceDeclaration,
  unanswerable: number,
  empty: number,
): TaskScore {
  const warnings = [
    ...(empty === 0 ? [] : [messages.emptyContinuations(name, score.split, empty)]),
    ...(unanswerable === 0 ? [] : [messages.unanswerable(name, score.split, unanswerable)]),
  ];
  return warnings.length === 0 ? score : { ...score, warnings };
}

function checkPrompts(declaration: ChoiceDeclaration, { trainTemplate, evalTemplate, shots = 0 }: PromptOptions): void {
  templateOf(declaration, trainTemplate);
  templateOf(declaration, evalTemplate);
  if (shots > 0 && declaration.shots === undefined) {
    throw new UsageError(messages.noShots(declaration.name, shots), { code: 'LEANTUNE_SHOTS' });
  }
}

function templateOf({ name, templates }: ChoiceDeclaration, wanted = 'harness'): ChoiceTemplate {
  const template = new Map(Object.entries(templates)).get(wanted);
  if (template !== undefined) return template;
  const known = Object.keys(templates);
  throw new UsageError(messages.unknownTemplate(name, wanted, nearestName(wanted, known)), {
    code: 'LEANTUNE_TEMPLATE',
    remedy: messages.knownNames('templates', known),
  });
}

/** As the harness scores it; a context that is too long loses tokens on the left. */
function encodeTogether(row: ChoiceRow, template: ChoiceTemplate, { tokenizer, maxLength }: EncodeTaskOptions) {
  const description = template.description?.(row) ?? '';
  const { context, continuation } = encodePair(
    tokenizer,
    description + template.context(row, row.label),
    template.delimiter + template.target(row, row.label),
  );
  const ids = [...context, ...continuation].slice(-maxLength);
  // Where no token is left to the target, the one that crosses the border is learnt.
  return languageExample(ids, Math.max(0, ids.length - Math.max(1, continuation.length)));
}

/** Context with the tokenizer's special tokens, target without, each cut to `maxLength` (MEFT's training code). */
function encodeApart(row: ChoiceRow, template: ChoiceTemplate, options: EncodeTaskOptions): EncodedExample {
  const { tokenizer, maxLength } = options;
  const context = tokenizer.encode(template.context(row, row.label), undefined, { maxLength }).inputIds;
  const text = template.target(row, row.label);
  const target = tokenizer.encode(text, undefined, { maxLength, addSpecialTokens: false }).inputIds;
  return languageExample([...context, ...target], context.length);
}

function choicePairs(row: ChoiceRow, prompt: string, template: ChoiceTemplate, options: EvaluateOptions) {
  const { tokenizer, specialTokens } = options;
  return row.choices.map((_, choice) =>
    encodePair(tokenizer, prompt + template.context(row, choice), template.delimiter + template.target(row, choice), {
      specialTokens,
    }),
  );
}

function byRow(rows: readonly ChoiceRow[], found: readonly number[]): number[][] {
  let start = 0;
  return rows.map(({ choices }) => found.slice(start, (start += choices.length)));
}
