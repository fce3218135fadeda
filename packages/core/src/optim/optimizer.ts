import type { Parameter } from '../tensor/parameter.js';

/** A parameter with its full name. */
export type NamedParameter = readonly [name: string, parameter: Parameter];

/** Optimiser state of one run. */
export interface Optimizer {
  /**
   * One update of every parameter that has a gradient. Gradients are read, not released.
   * @param learningRate rate of this step, schedule included
   * @param gradientScale factor on all gradients; absent without clipping. Which buffers the update takes must not depend on
   *   its value: memory is measured where no value is known
   * @param only update this parameter alone
   */
  step(learningRate: number, gradientScale?: number, only?: Parameter): void;
  /** See `FusedOption`. */
  readonly fused?: boolean | undefined;
  /** Bytes of the state that now exists. */
  readonly stateBytes: number;
  release(): void;
}

/** An optimiser before it knows its parameters. */
export interface OptimizerDefinition {
  readonly name: string;
  /** Base learning rate. */
  readonly learningRate: number;
  create(parameters: readonly NamedParameter[]): Optimizer;
}

export interface FusedOption {
  /**
   * Update each parameter as soon as its gradient is complete and release that gradient: never do all gradients live at
   * once (Lv et al. 2023, LOMO). Not with clipping, which scales every gradient by the norm of all. Default false.
   */
  readonly fused?: boolean | undefined;
}

/** `decoupled` multiplies the parameter by 1 - lr·decay (AdamW); `l2` adds decay · parameter to the gradient. */
export type DecayKind = 'decoupled' | 'l2';

export interface DecayOptions {
  /** Default 0. */
  readonly weightDecay?: number;
  /** Parameters without decay: a parameter group of their own. */
  readonly excludeFromDecay?: (name: string) => boolean;
}

/**
 * The usual group without decay: biases and the gains of normalisation layers, as Hugging Face's Trainer forms it
 * for the models here.
 */
export function isBiasOrNorm(name: string): boolean {
  return /bias|LayerNorm\.weight|layernorm\.weight|norm\.weight/.test(name);
}
