import type { StreamKey } from '../random/stream.js';
import type { Tensor } from '../tensor/tensor.js';
import { hasFusedKernel, runKernel, runKernels } from './dispatch.js';

/**
 * softmax(scaling · Q Kᵀ + mask) V of all heads in one kernel, and its gradients from Q, K and V alone: probabilities are
 * computed again and never live whole. Backends without it compose attention (`ops/attention`).
 */

/** { query, key, value, mask… } with the attributes of `FusedAttention` → [batch, queries, heads · d]. */
export const attentionKernelName = 'LeantuneAttention';
/** The same with { gradOutput } → gradients [query, key, value], those that `needsQuery`, … ask for. */
export const attentionGradientKernelName = 'LeantuneAttentionGradient';

export interface AttentionInputs {
  /** [batch, queries, heads · d] */
  readonly query: Tensor;
  /** [batch, keys, keyValueHeads · d] */
  readonly key: Tensor;
  /** The same; absent where only its own gradient is asked for. */
  readonly value?: Tensor | undefined;
  /** Added to the scores: [batch, 1, 1, keys]. */
  readonly maskKeys?: Tensor | undefined;
  /** Positions: [1 or batch, 1, queries, 1]. Later keys are hidden. */
  readonly causalQueries?: Tensor | undefined;
  /** Positions: [1 or batch, 1, 1, keys]. */
  readonly causalKeys?: Tensor | undefined;
  /** Where the queries are selected ones: int32 [batch · queries], row · length + position. */
  readonly rows?: Tensor | undefined;
}

export interface FusedAttention {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly scaling: number;
  /** Later keys are hidden even from queries that see no key. */
  readonly absolute: boolean;
  /** Dropout of the probabilities; 0: none. */
  readonly rate: number;
  /** Queries of one row of the batch, whichever are selected. */
  readonly length: number;
  /** Queries that dropout draws for at a time, and the stream of each such block: [block, heads, rows, keys]. */
  readonly blockSize: number;
  readonly streams: readonly StreamKey[];
}

export interface AttentionNeeds {
  readonly query: boolean;
  readonly key: boolean;
  readonly value: boolean;
}

/** Whether the active backend computes the attention of these in one kernel. */
export function fusesAttention(...tensors: readonly Tensor[]): boolean {
  return (
    hasFusedKernel(attentionKernelName) &&
    hasFusedKernel(attentionGradientKernelName) &&
    tensors.every(({ storageDtype }) => storageDtype === tensors[0]!.storageDtype)
  );
}

export function fusedAttention(inputs: AttentionInputs, settings: FusedAttention): Tensor {
  return runKernel(attentionKernelName, { ...inputs }, { ...settings });
}

/** Gradients of the given queries, of all keys and of all values; undefined where not needed. */
export function fusedAttentionGradients(
  gradOutput: Tensor,
  inputs: AttentionInputs,
  settings: FusedAttention,
  needs: AttentionNeeds,
): Partial<Record<keyof AttentionNeeds, Tensor | undefined>> {
  const gradients = runKernels(
    attentionGradientKernelName,
    { ...inputs, gradOutput },
    { ...settings, needsQuery: needs.query, needsKey: needs.key, needsValue: needs.value },
  );
  const next = (needed: boolean) => (needed ? gradients.shift() : undefined);
  return { query: next(needs.query), key: next(needs.key), value: next(needs.value) };
}
