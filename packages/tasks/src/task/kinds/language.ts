/** Language modelling: every token of a document, or the response to an instruction. */
import { ignoredLabel } from '@leantune/core';
import type { EncodedExample } from '../../batching/encode.js';
import { languageExample } from '../../batching/languageExample.js';
import type { DocumentRow, InstructionRow, TaskRow } from '../../data/dataset.js';
import { scoreTokens } from '../../language/scoreTokens.js';
import type { InstructionDeclaration, LanguageDeclaration } from '../declaration.js';
import type { EncodeTaskOptions, TaskKind } from './kind.js';

/** Trained and scored token by token, on the examples that `examplesOf` makes of the rows. */
function tokenKind<Declaration extends LanguageDeclaration | InstructionDeclaration, Row extends TaskRow>(
  examplesOf: (rows: readonly Row[], options: EncodeTaskOptions, declaration: Declaration) => EncodedExample[],
): TaskKind<Declaration, Row> {
  return {
    head: () => ({ kind: 'causal-lm' }),
    encode: (declaration, rows, options) => ({
      examples: examplesOf(rows, options, declaration),
      maxLength: options.maxLength,
      labels: 'tokens',
    }),
    evaluate: (declaration, model, { split, encoded }, options) =>
      scoreTokens(model, encoded().examples, split, declaration.metrics, options),
  };
}

/**
 * A document is a text with the token that ends one, cut into pieces of `maxLength` tokens: each token is learnt and
 * scored once, the first one of a piece only given.
 */
export const languageKind = tokenKind<LanguageDeclaration, DocumentRow>((rows, options) =>
  rows.flatMap((row) => piecesOf(row, options)),
);

function piecesOf({ document }: DocumentRow, { tokenizer, maxLength }: EncodeTaskOptions): EncodedExample[] {
  const ids = [...tokenizer.encode(document).inputIds];
  const end = tokenizer.eosTokenId;
  if (end !== undefined && ids.at(-1) !== end) ids.push(end);
  const pieces: EncodedExample[] = [];
  // The last token of a piece begins the next one, so that the token after it is learnt too.
  for (let start = 0; start < ids.length - 1; start += maxLength - 1) {
    pieces.push(languageExample(ids.slice(start, start + maxLength), 1));
  }
  return pieces;
}

/**
 * Prompt and response encoded together, cut at `maxLength`, loss on the response (Open-Platypus' recipe, which
 * TokenTune follows: no end of text is added). A row whose response is cut away teaches nothing and is left out.
 */
export const instructionKind = tokenKind<InstructionDeclaration, InstructionRow>((rows, options, declaration) =>
  rows
    .filter(({ source }) => source === undefined || !declaration.leftOutSources?.includes(source))
    .map((row) => responseExample(declaration, row, options))
    .filter(teaches),
);

function responseExample({ prompt }: InstructionDeclaration, row: InstructionRow, options: EncodeTaskOptions) {
  const { tokenizer, maxLength } = options;
  const given = prompt(row);
  const promptTokens = tokenizer.encode(given, undefined, { maxLength }).inputIds.length;
  return languageExample(tokenizer.encode(given + row.output, undefined, { maxLength }).inputIds, promptTokens);
}

const teaches = ({ label }: EncodedExample): boolean =>
  typeof label !== 'number' && label.some((id, position) => position > 0 && id !== ignoredLabel);
