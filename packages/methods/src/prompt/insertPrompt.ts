import {
  Module,
  RandomParameterSource,
  replaceFirstTokens,
  type Embedding,
  type Parameter,
  type Tensor,
} from '@leantune/core';
import type { Site, TransformerModel } from '@leantune/models';
import { messages } from '../messages.js';
import { hasVirtualTokens, promptEncoderName } from '../prefix/insertPrefix.js';
import { choiceWithVirtualTokens, withVirtualTokens } from './virtualTokens.js';

/** Whether virtual tokens can stand before the text: one stack reads it, and answers are no positions in it. */
export function supportsPrompt(model: TransformerModel): true | string {
  if (model.vocabularySize === undefined) return messages.noTokens();
  if (model.kind === 'encoder-decoder' && model.head.kind !== 'seq2seq-lm') return messages.decoderReadsText();
  if (model.head.kind === 'question-answering') return messages.answersInText();
  return !hasVirtualTokens(model) || messages.hasVirtualTokens();
}

/** Puts trained embeddings of `length` virtual tokens before every text. */
export function insertPrompt(model: TransformerModel, length: number, seed: number): void {
  const encoder = model.insertModule(promptEncoderName, new PromptEncoder(length, embeddingFeatures(model), seed));
  // Encoder and decoder of an encoder-decoder share one look-up; the prompt stands before what the encoder reads.
  const readsTargets = model.kind === 'encoder-decoder';
  if (readsTargets) {
    model.stacks[0]!.extendEmbeddings = (embedded) => replaceFirstTokens(encoder.call(), embedded);
  } else {
    tokenSite(model).wrap((inner) => new PromptedEmbedding(inner, encoder));
  }
  model.arrangement = {
    batch: (batch) => withVirtualTokens(batch, length, !readsTargets),
    choice: (choice) => choiceWithVirtualTokens(choice, length, !readsTargets),
  };
}

/** Features of a token's embedding, which may be fewer than the layers have. */
export function embeddingFeatures(model: TransformerModel): number {
  return (tokenSite(model).module as Embedding).weight.shape[1]!;
}

function tokenSite(model: TransformerModel): Site {
  return model.sitesNamed('embeddings.token')[0]!;
}

/** Embeddings of the virtual tokens [length, features], standard normal at the start; named as PEFT does. */
export class PromptEncoder extends Module<[], Tensor> {
  private readonly embedding: Parameter;

  constructor(
    readonly length: number,
    readonly features: number,
    seed: number,
  ) {
    super();
    const name = 'embedding.weight';
    const source = new RandomParameterSource(seed, 1, `${promptEncoderName}.`);
    this.embedding = this.addParameter(name, source.parameter(name, [length, features], 'normal'));
  }

  protected forward(): Tensor {
    return this.embedding;
  }
}

/** Embeddings of the tokens, with the prompt in the place of the virtual ones. */
class PromptedEmbedding extends Module<[ids: Tensor], Tensor> {
  private readonly tokens: Module<[ids: Tensor], Tensor>;

  constructor(
    tokens: Module<[ids: Tensor], Tensor>,
    private readonly prompt: PromptEncoder,
  ) {
    super();
    this.tokens = this.addChild('', tokens);
  }

  protected forward(ids: Tensor): Tensor {
    return replaceFirstTokens(this.prompt.call(), this.tokens.call(ids));
  }
}
