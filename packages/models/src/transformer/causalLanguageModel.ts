import type { Module} from '@leantune/core';
import { selectedRows, type DeviceBatch, type ModelOutput, type Tensor } from '@leantune/core';
import { nextTokenLabels, nextTokenLoss } from './losses.js';
import type { HeadOptions } from './head.js';
import { TransformerModel } from './model.js';
import type { Site } from './site.js';

/** Predicts the next token from the last hidden states: decoders with a language-model head. */
export abstract class CausalLanguageModel extends TransformerModel {
  override readonly kind = 'decoder';
  override readonly head: HeadOptions = { kind: 'causal-lm' };
  override readonly headNames: readonly string[] = [];
  /** Last hidden states of a batch: [batch, length, hidden]. */
  protected abstract readonly base: Module<[batch: DeviceBatch], Tensor>;
  /** [..., hidden] → [..., vocabulary] */
  protected abstract readonly languageHead: Site;

  /** Logits of the selected tokens, or of all: [batch, tokens or length, vocabulary]. */
  protected forward(batch: DeviceBatch): ModelOutput {
    const hidden = selectedRows(this.base.call(batch)); // [batch, tokens or length, hidden]
    const logits = this.languageHead.call(hidden);
    return { loss: nextTokenLoss(logits, nextTokenLabels(batch.host), batch.selection), logits, hidden };
  }
}
