import {
  RandomStream,
  UsageError,
  type Batch,
  type TokenChoice,
  type TokenSelector,
  type TokenSlots,
} from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import { z } from 'zod';
import { assertTokensExist } from '../contract/inputLength.js';
import { defineMethod } from '../contract/method.js';
import { trainedLayer } from '../memory/bertLayer.js';
import { messages } from '../messages.js';
import { drawDecoderAsPublished, groupAsPublished } from './published.js';
import { drawTokens, labelledTokens, predictingTokens, realTokens, type RowTokens, type TokenCount } from './select.js';

const DEFAULT_TOKENS = 16;

/** The values that the published code has of options that it does not know. */
const publishedOnly = { among: 'all', redraw: true, scaleGradient: false } as const;

const tokentuneOptions = z
  .object({
    tokens: z
      .int()
      .min(2)
      .optional()
      .describe(`tokens kept in each row, all of them where it has fewer (default ${DEFAULT_TOKENS})`),
    ratio: z.number().gt(0).max(1).optional().describe('share of the real tokens kept, at least 2 tokens'),
    head: z
      .enum(['mean', 'cls'])
      .default('mean')
      .describe(
        'encoders: what the pooler reads, the mean over the selected tokens (all real ones in evaluation), or the first',
      ),
    among: z
      .enum(['all', 'response'])
      .default('all')
      .describe('causal language models: draw from all real tokens, or from those that predict a response token'),
    redraw: z.boolean().default(true).describe('draw anew for every step, or keep one subset of each text'),
    scaleGradient: z
      .boolean()
      .default(false)
      .describe('multiply the gradient by real tokens / selected tokens, which the paper does not'),
    reference: z
      .boolean()
      .default(false)
      .describe(
        "the published code's habits: groups padded apart, means over padded slots; decoders: tokens + 2, and a ratio that never draws the last token but one; it has among=all, redraw=true and scaleGradient=false only",
      ),
  })
  .superRefine((options, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (options.tokens !== undefined && options.ratio !== undefined) refuse('ratio', messages.tokensOrRatio());
    if (!options.reference) return;
    for (const [name, only] of Object.entries(publishedOnly)) {
      if (options[name as keyof typeof publishedOnly] !== only) refuse(name, messages.notPublished(name, only));
    }
  });

type TokenTuneOptions = z.output<typeof tokentuneOptions>;

/**
 * TokenTune: the forward pass sees every token, only the selected ones keep activations and get gradients. The
 * selection is drawn anew for every micro-batch. Encoders keep the first token; decoders, and both sides of
 * encoder-decoders, the first and the last; what the head reads is always kept.
 */
export const tokentune = defineMethod({
  name: 'tokentune',
  summary: 'Back-propagates through a random selection of tokens only.',
  reference:
    'Simoulin et al. 2024, "Memory-Efficient Fine-Tuning of Transformers via Token Selection", section 3, Algorithm 1',
  slots: ['tokens'],
  memory: { layer: trainedLayer({ queries: 'tokens', keys: 'T' }), defaults: { tokens: DEFAULT_TOKENS } },
  options: tokentuneOptions,
  supports: (model) => model.vocabularySize !== undefined || messages.noTokens(),
  apply: (model, options, { seed, maxLength }) => {
    const { kind } = model;
    assertTokensExist('tokentune', options.tokens, maxLength);
    refuseUnfit(model, options);
    const { head, reference } = options;
    if (kind === 'encoder' && head === 'mean') model.pooling = reference ? 'meanUnmasked' : 'mean';
    const select = selectorOf(model, options, seed);
    model.tokenSelector =
      reference && kind !== 'encoder-decoder'
        ? (batch, random) => groupAsPublished(batch, select(batch, random), kind)
        : select;
    if (reference && kind === 'encoder') {
      // The published evaluation splits its batches as well, and its mean runs over the padding of both groups.
      model.evaluationArrangement = (batch, random) => groupAsPublished(batch, select(batch, random), kind).batch!;
    }
    return {};
  },
});

/** Families that the published code has. */
const publishedFamilies = ['bert', 'llama'];

/** @throws UsageError for options that this model cannot follow */
function refuseUnfit({ family, head }: TransformerModel, { among, reference }: TokenTuneOptions): void {
  if (among === 'response' && head.kind !== 'causal-lm') {
    const reason = head.kind === 'seq2seq-lm' ? messages.targetsAreResponse() : messages.noTokenLabels();
    throw unfit('among=response', reason);
  }
  if (reference && !publishedFamilies.includes(family)) {
    throw unfit('reference=true', messages.notPublishedFor(family, publishedFamilies));
  }
}

function unfit(option: string, reason: string): UsageError {
  return new UsageError(messages.optionUnfit('tokentune', option, reason), {
    code: 'LEANTUNE_OPTION_UNFIT',
    remedy: messages.showMethod('tokentune'),
  });
}

function selectorOf(model: TransformerModel, options: TokenTuneOptions, seed: number): TokenSelector {
  const { ratio, among, redraw, scaleGradient, reference } = options;
  const tokens = options.tokens ?? (ratio === undefined ? DEFAULT_TOKENS : undefined);
  const count: TokenCount = ratio === undefined ? () => tokens! : (length) => Math.max(2, Math.round(ratio * length));
  /** The stream of a row: the step's, or one that depends on the row's text alone. */
  const streams = (batch: Batch, random: RandomStream) => (row: number) =>
    redraw ? random : new RandomStream(seed, 'tokens of a text', textOf(batch, row));

  return (batch, random): TokenChoice => {
    if (reference && model.kind === 'decoder') {
      return drawDecoderAsPublished(batch, { tokens, ratio }, random);
    }
    const row = streams(batch, random);
    const rows = rowTokens(model, batch, among);
    const choice = drawTokens(rows, count, row);
    const scaled = (...sides: readonly Side[]) => (scaleGradient ? { gradientScale: shareOf(sides) } : {});
    const own: Side = { rows, choice };
    if (model.kind !== 'encoder-decoder') return { ...choice, ...scaled(own) };
    const decoderRows = decoderTokens(model, batch);
    const decoder = { ...drawTokens(decoderRows.rows, count, row), length: decoderRows.length };
    return { ...choice, ...scaled(own, { rows: decoderRows.rows, choice: decoder }), decoder };
  };
}

/** Which tokens of every row are always kept and which are drawn from: the encoder's, or the decoder's alone. */
function rowTokens(model: TransformerModel, batch: Batch, among: TokenTuneOptions['among']): RowTokens[] {
  const real = realTokens(batch);
  const predicting = model.head.kind === 'causal-lm' ? predictingTokens(batch) : undefined;
  return real.map((positions, row) => ({
    always: alwaysKept(model, positions, model.requiredPositions(batch, row)),
    eligible: among === 'response' && predicting !== undefined ? predicting[row]! : positions,
    predicting: predicting?.[row] ?? [],
    length: positions.length,
  }));
}

/** The same for the decoder of an encoder-decoder: of its targets, or of the text that a classifier feeds it. */
function decoderTokens(model: TransformerModel, batch: Batch): { rows: RowTokens[]; length: number } {
  const targets = model.head.kind === 'seq2seq-lm';
  const real = targets ? labelledTokens(batch) : realTokens(batch);
  const rows = real.map((positions, row) => ({
    always: alwaysKept(model, positions, targets ? [] : model.requiredPositions(batch, row)),
    eligible: positions,
    predicting: targets ? positions : [],
    length: positions.length,
  }));
  return { rows, length: targets ? batch.labels.shape[1]! : batch.length };
}

function alwaysKept({ kind }: TransformerModel, real: readonly number[], required: readonly number[]): number[] {
  const ends = kind === 'encoder' ? real.slice(0, 1) : [...real.slice(0, 1), ...real.slice(-1)];
  return [...new Set([...ends, ...required])];
}

/** What was drawn for one stack, and from what. */
interface Side {
  readonly rows: readonly RowTokens[];
  readonly choice: TokenSlots;
}

/** Real tokens by selected ones, of an encoder-decoder those of both sides. */
function shareOf(sides: readonly Side[]): number {
  const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
  const real = sum(sides.flatMap(({ rows }) => rows.map(({ length }) => length)));
  return real / sum(sides.map(({ choice }) => sum(choice.mask)));
}

function textOf({ length, inputs }: Batch, row: number): string {
  return inputs.inputIds!.data.slice(row * length, (row + 1) * length).join();
}
