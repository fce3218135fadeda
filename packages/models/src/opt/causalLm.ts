import { Linear, type ParameterSource } from '@leantune/core';
import { CausalLanguageModel } from '../transformer/causalLanguageModel.js';
import { Site } from '../transformer/site.js';
import type { OptConfig } from './config.js';
import { OptBackbone } from './decoder.js';

/** OPT with a language-model head, tied to the embedding unless its configuration says otherwise. */
export class OptForCausalLM extends CausalLanguageModel {
  override readonly family = 'opt';
  override readonly architecture = 'OPTForCausalLM';
  override readonly maxPositions: number;
  override readonly vocabularySize: number;
  override readonly hiddenSize: number;
  protected override readonly base: OptBackbone;
  protected override readonly languageHead: Site;

  constructor(config: OptConfig, source: ParameterSource) {
    super();
    const { embeddingSize, vocabularySize } = config;
    this.maxPositions = config.maxPositions;
    this.vocabularySize = vocabularySize;
    this.hiddenSize = config.hiddenSize;
    this.base = this.addChild('model', new OptBackbone(config, source.child('model')));
    const head = new Linear(embeddingSize, vocabularySize, source.child('lm_head'), {
      bias: false,
      tiedTo: config.tieWordEmbeddings ? this.base.embedding.weight : undefined,
    });
    this.languageHead = this.addChild('lm_head', new Site({ name: 'head' }, head));
  }

  override get stacks() {
    return [this.base.stack];
  }
}
