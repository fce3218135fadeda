import { Linear, type ParameterSource } from '@leantune/core';
import { CausalLanguageModel } from '../transformer/causalLanguageModel.js';
import { Site } from '../transformer/site.js';
import { Gpt2Backbone } from './backbone.js';
import type { Gpt2Config } from './config.js';

/** GPT-2 with a language-model head, tied to the embedding unless its configuration says otherwise. */
export class Gpt2LMHeadModel extends CausalLanguageModel {
  override readonly family = 'gpt2';
  override readonly architecture = 'GPT2LMHeadModel';
  override readonly maxPositions: number;
  override readonly vocabularySize: number;
  override readonly hiddenSize: number;
  protected override readonly base: Gpt2Backbone;
  protected override readonly languageHead: Site;

  constructor(config: Gpt2Config, source: ParameterSource) {
    super();
    const { hiddenSize, vocabularySize } = config;
    this.maxPositions = config.maxPositions;
    this.vocabularySize = vocabularySize;
    this.hiddenSize = hiddenSize;
    this.base = this.addChild('transformer', new Gpt2Backbone(config, source.child('transformer')));
    const head = new Linear(hiddenSize, vocabularySize, source.child('lm_head'), {
      bias: false,
      tiedTo: config.tieWordEmbeddings ? this.base.embedding.weight : undefined,
    });
    this.languageHead = this.addChild('lm_head', new Site({ name: 'head' }, head));
  }

  override get stacks() {
    return [this.base.stack];
  }
}
