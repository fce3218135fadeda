/** Log-likelihoods of continuations given contexts, by a causal language model. */
import { UsageError, predict, type TokenChoice, type TrainableModel } from '@leantune/core';
import { negativeLogLikelihood } from '../language/negativeLogLikelihood.js';
import { messages } from '../messages.js';
import type { EncodedPair } from './encodePair.js';

export interface Likelihood {
  /** Natural logarithm of the probability of the continuation: the sum over its tokens. */
  readonly logLikelihood: number;
  /** Whether every token of it is the most likely one at its place. */
  readonly greedy: boolean;
}

export interface LikelihoodOptions {
  /** Sequences a batch. */
  readonly size: number;
  /** Longest input in tokens; of a longer one the last tokens are kept. */
  readonly maxLength: number;
  readonly padTokenId: number;
  /** Awaited between batches. */
  readonly breathe?: (() => Promise<void>) | undefined;
}

/** One input that the model reads; several continuations of one token share it. */
interface Sequence {
  readonly input: readonly number[];
  /** Tokens that are scored: the last ones. */
  readonly scored: number;
  readonly continuations: { readonly request: number; readonly ids: readonly number[] }[];
}

/** The results in the order of `pairs`. @throws UsageError for a continuation that does not fit into `maxLength` */
export async function logLikelihoods(
  model: TrainableModel,
  pairs: readonly EncodedPair[],
  options: LikelihoodOptions,
): Promise<Likelihood[]> {
  // No token, no factor: the probability of an empty continuation is 1.
  const results = pairs.map((): Likelihood => ({ logLikelihood: 0, greedy: true }));
  const sequences = sequencesOf(pairs, options.maxLength).sort((a, b) => b.input.length - a.input.length);
  for (let start = 0; start < sequences.length; start += options.size) {
    const group = sequences.slice(start, start + options.size);
    const { logits, shape } = predict(model, batchOf(group, options.padTokenId), { tokens: scoredTokens(group) });
    const [, slots, vocabulary] = shape as [number, number, number];
    group.forEach(({ scored, continuations }, row) => {
      // Slots of tokens that a method put before the text come first.
      const first = slots - Math.max(...group.map((sequence) => sequence.scored));
      const values = (slot: number) => {
        const offset = (row * slots + first + slot) * vocabulary;
        return logits.subarray(offset, offset + vocabulary);
      };
      for (const { request, ids } of continuations) results[request] = scoreOf(ids.slice(-scored), values);
    });
    await options.breathe?.();
  }
  return results;
}

function sequencesOf(pairs: readonly EncodedPair[], maxLength: number): Sequence[] {
  const sequences = new Map<string, Sequence>();
  pairs.forEach(({ context, continuation }, request) => {
    if (continuation.length === 0) return;
    if (continuation.length > maxLength) {
      throw new UsageError(messages.continuationTooLong(continuation.length, maxLength), {
        code: 'LEANTUNE_CONTINUATION_LENGTH',
      });
    }
    // The last token is only predicted, so that one more than the model reads may be kept.
    const input = [...context, ...continuation].slice(-(maxLength + 1)).slice(0, -1);
    const key = `${continuation.length}:${input.join()}`;
    const known = sequences.get(key);
    const own = { request, ids: continuation };
    if (known === undefined) sequences.set(key, { input, scored: continuation.length, continuations: [own] });
    else known.continuations.push(own);
  });
  return [...sequences.values()];
}

function batchOf(group: readonly Sequence[], padTokenId: number) {
  const size = group.length;
  const length = Math.max(...group.map(({ input }) => input.length));
  const shape = [size, length];
  const ids = new Int32Array(size * length).fill(padTokenId);
  const mask = new Int32Array(size * length);
  group.forEach(({ input }, row) => {
    ids.set(input, row * length);
    mask.fill(1, row * length, row * length + input.length);
  });
  // Labels are not used: any token does.
  const labels = { dtype: 'int32', shape, data: new Int32Array(size * length) } as const;
  const inputIds = { dtype: 'int32', shape, data: ids } as const;
  const attentionMask = { dtype: 'int32', shape, data: mask } as const;
  return { size, length, inputs: { inputIds, attentionMask }, labels };
}

/** The last tokens of every input, first slots first; rows with fewer repeat their last one, which is not counted. */
function scoredTokens(group: readonly Sequence[]): TokenChoice {
  const tokens = Math.max(...group.map(({ scored }) => scored));
  const positions = new Int32Array(group.length * tokens);
  const mask = new Int32Array(group.length * tokens);
  group.forEach(({ input, scored }, row) => {
    for (let slot = 0; slot < tokens; slot++) {
      const real = slot < scored;
      positions[row * tokens + slot] = real ? input.length - scored + slot : input.length - 1;
      mask[row * tokens + slot] = real ? 1 : 0;
    }
  });
  return { tokens, positions, mask };
}

/** `values(i)` are the logits [vocabulary] from which token i is predicted. */
function scoreOf(ids: readonly number[], values: (slot: number) => Float32Array): Likelihood {
  let logLikelihood = 0;
  let greedy = true;
  ids.forEach((id, slot) => {
    const logits = values(slot);
    logLikelihood -= negativeLogLikelihood(logits, id);
    // Of equals the first one is the model's choice.
    if (logits.findIndex((value) => value >= logits[id]!) !== id || logits.some((value) => value > logits[id]!)) {
      greedy = false;
    }
  });
  return { logLikelihood, greedy };
}
