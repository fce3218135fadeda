import { Linear, type ParameterSource } from '@leantune/core';
import { CausalLanguageModel } from '../transformer/causalLanguageModel.js';
import { Site } from '../transformer/site.js';
import { LlamaBackbone } from './backbone.js';
import type { LlamaConfig } from './config.js';

/** Llama, or a family of its layout, with a language-model head, tied to the embedding or not. */
export class LlamaForCausalLM extends CausalLanguageModel {
  override readonly maxPositions: number;
  override readonly vocabularySize: number;
  override readonly hiddenSize: number;
  protected override readonly base: LlamaBackbone;
  protected override readonly languageHead: Site;

  constructor(
    override readonly family: string,
    override readonly architecture: string,
    config: LlamaConfig,
    source: ParameterSource,
  ) {
    super();
    const { hiddenSize, vocabularySize, tieWordEmbeddings } = config;
    this.maxPositions = config.maxPositions;
    this.vocabularySize = vocabularySize;
    this.hiddenSize = hiddenSize;
    this.base = this.addChild('model', new LlamaBackbone(config, source.child('model')));
    const head = new Linear(hiddenSize, vocabularySize, source.child('lm_head'), {
      bias: false,
      tiedTo: tieWordEmbeddings ? this.base.embedding.weight : undefined,
    });
    this.languageHead = this.addChild('lm_head', new Site({ name: 'head' }, head));
  }

  override get stacks() {
    return [this.base.stack];
  }
}
