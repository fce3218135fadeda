import type { Tensor } from '../tensor/tensor.js';
import { hasFusedKernel, runKernel, runKernels } from './dispatch.js';

/**
 * What layerNorm and rmsNorm share where a backend has them as one kernel: x̂ = (x - mean) · rstd, y = x̂ · weight + bias over
 * the last axis. rmsNorm has neither mean nor bias.
 */

/**
 * { x, weight, bias? } with `epsilon`, `centred` → [y, rstd, mean (with `centred`), x̂ (with `wantsNormalised`)]; statistics
 * [..., 1] are float32, or float64 where x is.
 */
export const normKernelName = 'LeantuneNorm';
/**
 * { gradOutput, weight, values, rstd, mean? } → gradients [x, weight, bias], those that `needsX`, `needsWeight` and
 * `needsBias` ask for. `values` are x̂, or with `raw` x; `centred` tells the two norms apart.
 */
export const normGradientKernelName = 'LeantuneNormGradient';
/** value · weight + bias of { value, weight, bias }. */
export const affineKernelName = 'LeantuneAffine';

/** A norm's results; what is not wanted may be missing. */
export interface NormForward {
  /** Computed when asked for. */
  readonly output: () => Tensor;
  readonly normalised: Tensor | undefined;
  /** [..., 1] */
  readonly rstd: Tensor;
  readonly mean: Tensor | undefined;
}

/** What a norm's backward pass reads: x̂ and rstd, or x with its statistics. */
export interface NormKept {
  /** Absent where only the weight's gradient is asked for. */
  readonly rstd?: Tensor | undefined;
  readonly normalised?: Tensor | undefined;
  readonly x?: Tensor | undefined;
  readonly mean?: Tensor | undefined;
}

export interface NormNeeds {
  readonly x: boolean;
  readonly weight: boolean;
  readonly bias: boolean;
}

export type NormGradients = Readonly<Partial<Record<keyof NormNeeds, Tensor | undefined>>>;

/** Undefined where the backend composes it, or where the inputs are held differently. */
export function fusedNorm(
  inputs: { readonly x: Tensor; readonly weight: Tensor; readonly bias?: Tensor },
  epsilon: number,
  wantsNormalised: boolean,
): NormForward | undefined {
  if (!hasFusedKernel(normKernelName) || !heldAlike(Object.values(inputs))) return undefined;
  const centred = inputs.bias !== undefined;
  const [output, rstd, ...others] = runKernels(normKernelName, inputs, { epsilon, centred, wantsNormalised });
  const mean = centred ? others.shift() : undefined;
  return { output: () => output!, rstd: rstd!, mean, normalised: others[0] };
}

/** Undefined where the backend composes it, or where the inputs are held differently. */
export function fusedNormGradients(
  gradOutput: Tensor,
  weight: Tensor,
  { rstd, normalised, x, mean }: NormKept,
  needs: NormNeeds,
  centred: boolean,
): NormGradients | undefined {
  const values = (normalised ?? x)!;
  // Where x needs no gradient the weight is not read again, and one that was computed may be gone.
  if (!needs.x || !hasFusedKernel(normGradientKernelName)) return undefined;
  if (!heldAlike([gradOutput, weight, values])) return undefined;
  const gradients = runKernels(
    normGradientKernelName,
    { gradOutput, weight, values, rstd, mean: normalised === undefined ? mean : undefined },
    { centred, raw: normalised === undefined, needsX: needs.x, needsWeight: needs.weight, needsBias: needs.bias },
  );
  const next = (needed: boolean) => (needed ? gradients.shift() : undefined);
  return { x: next(needs.x), weight: next(needs.weight), bias: next(needs.bias) };
}

/** value · weight + bias; undefined where the backend composes it, or where the inputs are held differently. */
export function fusedAffine(value: Tensor, weight: Tensor, bias: Tensor): Tensor | undefined {
  if (!hasFusedKernel(affineKernelName) || !heldAlike([value, weight, bias])) return undefined;
  return runKernel(affineKernelName, { value, weight, bias });
}

function heldAlike(tensors: readonly Tensor[]): boolean {
  return tensors.every(({ storageDtype }) => storageDtype === tensors[0]!.storageDtype);
}
