import {
  type Embedding,
  Module,
  RandomParameterSource,
  replaceFirstTokens,
  type Parameter,
  type Tensor,
} from '@leantune/core';
import type { Site, TransformerModel } from '@leantune/models';
import { z } from 'zod';
import { defineMethod } from '../contract/method.js';
import { messages } from '../messages.js';
import { hasVirtualTokens, promptEncoderName } from '../prefix/insertPrefix.js';
import { choiceWithVirtualTokens, withVirtualTokens } from './virtualTokens.js';

/** Prompt tuning: trained embeddings of virtual tokens before the text. */
export const prompt = defineMethod({
  name: 'prompt',
  summary: 'Trains embeddings of virtual tokens that stand before the text, and the head.',
  reference:
    'Lester et al. 2021, "The Power of Scale for Parameter-Efficient Prompt Tuning", section 2; positions, pooled token ' +
    'and random start as PEFT',
  slots: ['weights'],
  options: z.object({ length: z.int().min(1).default(20).describe('virtual tokens') }),
  supports: (model) => {
    if (model.vocabularySize === undefined) return messages.noTokens();
    if (model.kind === 'encoder-decoder') return messages.prefixNeedsOneStack();
    if (model.head.kind === 'question-answering') return messages.answersInText();
    return !hasVirtualTokens(model) || messages.hasVirtualTokens();
  },
  apply: (model, { length }, { seed }) => {
    model.setTrained((name) => model.isHeadParameter(name));
    const site = tokenSite(model);
    const { weight } = site.module as Embedding;
    const encoder = model.insertModule(promptEncoderName, new PromptEncoder(length, weight.shape[1]!, seed));
    site.wrap((inner) => new PromptedEmbedding(inner, encoder));
    model.arrangement = {
      batch: (batch) => withVirtualTokens(batch, length),
      choice: (choice) => choiceWithVirtualTokens(choice, length),
    };
    return {};
  },
});

function tokenSite(model: TransformerModel): Site {
  return model.sitesNamed('embeddings.token')[0]!;
}

/** Embeddings of the virtual tokens [length, features], standard normal at the start; named as PEFT does. */
class PromptEncoder extends Module<[], Tensor> {
  private readonly embedding: Parameter;

  constructor(length: number, features: number, seed: number) {
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
