/** Questions with choices, by a language model: trained on the right choice, scored by likelihood. */
import { UsageError, nearestName } from '@leantune/core';
import type { EncodedExample } from '../../batching/encode.js';
import { languageExample } from '../../batching/languageExample.js';
import { encodePair } from '../../choice/encodePair.js';
import { promptsOf } from '../../choice/fewShot.js';
import { logLikelihoods, type Likelihood } from '../../choice/logLikelihood.js';
import { scoreChoices } from '../../choice/scoreChoices.js';
import type { ChoiceTemplate } from '../../choice/template.js';
import type { ChoiceRow } from '../../data/dataset.js';
import { messages } from '../../messages.js';
import type { ChoiceDeclaration } from '../declaration.js';
import type { EncodeTaskOptions, EvaluateOptions, PromptOptions, TaskKind } from './kind.js';

export const choiceKind: TaskKind<ChoiceDeclaration, ChoiceRow> = {
  head: () => ({ kind: 'causal-lm' }),
  check: checkPrompts,
  encode: (declaration, rows, options) => {
    const template = templateOf(declaration, options.trainTemplate);
    const encode = template.encoding === 'together' ? encodeTogether : encodeApart;
    return {
      examples: rows.filter(isAnswerable).map((row) => encode(row, template, options)),
      maxLength: template.encoding === 'together' ? options.maxLength : 2 * options.maxLength,
      labels: 'tokens',
    };
  },
  evaluate: async (declaration, model, { split, rows: all, rowsOf }, options) => {
    checkPrompts(declaration, options);
    const rows = all.filter(isAnswerable);
    const template = templateOf(declaration, options.evalTemplate);
    const { shots = 0 } = options;
    const examples = shots === 0 ? [] : rowsOf(declaration.shots!.split).filter(isAnswerable);
    const prompts = promptsOf(rows, template, shots, examples, declaration.shots?.sampler ?? 'first');
    const pairs = rows.flatMap((row, index) => choicePairs(row, prompts[index]!, template, options));
    const found = await logLikelihoods(model, pairs, { ...options, padTokenId: options.tokenizer.padTokenId });
    const score = scoreChoices(declaration, template, split, rows, byRow(rows, found));
    const empty = pairs.filter(({ continuation }) => continuation.length === 0).length;
    const warnings = [
      ...(empty === 0 ? [] : [messages.emptyContinuations(declaration.name, split, empty)]),
      ...(rows.length === all.length ? [] : [messages.unanswerable(declaration.name, split, all.length - rows.length)]),
    ];
    return warnings.length === 0 ? score : { ...score, warnings };
  },
};

/** Copies of some datasets lack a few choices, and with them the right one. */
const isAnswerable = ({ label }: ChoiceRow): boolean => label >= 0;

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

function byRow(rows: readonly ChoiceRow[], found: readonly Likelihood[]): Likelihood[][] {
  let start = 0;
  return rows.map(({ choices }) => found.slice(start, (start += choices.length)));
}
