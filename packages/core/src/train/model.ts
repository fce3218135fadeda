import type { AutocastDType } from '../autograd/autocast.js';
import type { Batch } from '../data/batch.js';
import { Module } from '../modules/module.js';
import type { RandomStream } from '../random/stream.js';
import type { TokenSelection } from '../tensor/selection.js';
import type { Tensor } from '../tensor/tensor.js';

/** One micro-batch on the backend. */
export interface DeviceBatch {
  readonly size: number;
  readonly length: number;
  /** Inputs by name; `attentionMask` and what else the collator made, int32 or float32. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly labels: Tensor;
  /** Token rows that keep activations and receive gradients; absent: all. */
  readonly selection?: TokenSelection | undefined;
  /** The same for the decoder of an encoder-decoder. */
  readonly decoderSelection?: TokenSelection | undefined;
  /** The batch as it was copied: what the model derives from ids is computed on the host, without waiting. */
  readonly host: Batch;
}

export interface ModelOutput {
  /** Scalar training loss. */
  readonly loss: Tensor;
  readonly logits: Tensor;
  /** Last hidden states as the head received them: [batch, tokens or length, features]. */
  readonly hidden?: Tensor;
}

/** Slots of the selected tokens, row-major [size, tokens]. */
export interface TokenSlots {
  readonly tokens: number;
  readonly positions: Int32Array;
  /** 1 for real slots. */
  readonly mask: Int32Array;
}

/** The tokens that keep activations in one micro-batch. */
export interface TokenChoice extends TokenSlots {
  /** Tokens of the decoder of an encoder-decoder, and the length that they are chosen from. */
  readonly decoder?: TokenSlots & { readonly length: number };
  /** Factor on the gradient of this micro-batch. Default 1. */
  readonly gradientScale?: number;
  /** Where the method arranges the tokens anew: the batch to run instead. */
  readonly batch?: Batch;
}

/** Draws the tokens of one micro-batch; called once for each by the training loop, never in evaluation. */
export type TokenSelector = (batch: Batch, random: RandomStream) => TokenChoice;

/** How a method that puts something before every text changes what the model runs, in training and evaluation. */
export interface BatchArrangement {
  /** The batch that the model runs instead. */
  batch(batch: Batch): Batch;
  /** The same tokens in the arranged batch. */
  choice(choice: TokenChoice): TokenChoice;
}

/** A model that the training loop can train. */
export abstract class TrainableModel extends Module<[batch: DeviceBatch], ModelOutput> {
  tokenSelector: TokenSelector | undefined;
  /** Mixed precision: what products of its forward pass are computed in, in training and evaluation. */
  autocast: AutocastDType | undefined;
  /** Set by a method that puts something before every text; absent: batches are run as they are. */
  arrangement: BatchArrangement | undefined;
  /** How evaluation arranges its batches, where a method's published code does so; absent: as they are. */
  evaluationArrangement: ((batch: Batch, random: RandomStream) => Batch) | undefined;

  /** Refuses a batch that the model cannot compute with, on the host, before it is copied. @throws UsageError */
  checkBatch(_batch: Batch): void {
    // Nothing to check unless a model says so.
  }
}
