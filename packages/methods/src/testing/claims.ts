import type { Batch } from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import type { ModelFixture } from './tinyBert.js';

/** What the contract battery needs of a model and its input. */
export interface ContractModel {
  readonly name: string;
  /** A fresh model: equal values for every call, another dropout rate on request. */
  make(dropout?: number): TransformerModel;
  /** Micro-batch `index`: rows of several lengths, padded on the right. */
  batch(index: number): Batch;
}

/** What a method says of itself and the battery holds it to; what is left out is not checked. */
export interface ContractClaims<Model extends ContractModel = ContractModel> {
  /** All options of every method of the spelling, in its order, defaults included. */
  readonly options?: readonly Readonly<Record<string, unknown>>[];
  /** Whether a parameter of this name is trained. */
  readonly trains?: (name: string, model: TransformerModel) => boolean;
  /** Trained scalars by formula, from the architecture's sizes. */
  readonly trainableCount?: (fixture: Model, model: TransformerModel) => number;
  /** The model computes at the start what it computed without the method. */
  readonly startsUnchanged?: boolean;
  /**
   * The gradient is that of the loss: false where some activations count as constants, or where kinks of a ReLU lie
   * within the step of the differences (reference cases check those).
   */
  readonly gradientOfLoss: boolean;
  /** What was inserted can be folded into the base weights; absent: it cannot. */
  readonly merges?: boolean;
  /** Which rows are kept: a subset drawn anew for each micro-batch, or all real ones; absent: no selection. */
  readonly selection?: 'subset' | 'all';
}

/** Claims of leantune's own methods, made of BERT: nothing but the selection is left open. */
export type MethodClaims = Required<Omit<ContractClaims<ModelFixture>, 'selection'>> &
  Pick<ContractClaims, 'selection'>;
