import type { ParameterSource } from '@leantune/core';
import type { HeadOptions } from '../transformer/head.js';
import { TransformerModel } from '../transformer/model.js';
import { ascendingPositions } from '../transformer/positions.js';
import { BertBackbone } from './backbone.js';
import type { BertConfig } from './config.js';

/** BERT with any of its heads. */
export abstract class BertModel extends TransformerModel {
  override readonly family = 'bert';
  override readonly kind = 'encoder';
  override readonly maxPositions: number;
  override readonly vocabularySize: number;
  override readonly hiddenSize: number;
  protected readonly bert: BertBackbone;

  constructor(
    config: BertConfig,
    override readonly head: HeadOptions,
    pooler: boolean,
    source: ParameterSource,
  ) {
    super();
    this.maxPositions = config.positionRows;
    this.vocabularySize = config.vocabularySize;
    this.hiddenSize = config.hiddenSize;
    const options = { positions: ascendingPositions, pooler };
    this.bert = this.addChild('bert', new BertBackbone(config, options, source.child('bert')));
  }

  override get stacks() {
    return [this.bert.stack];
  }
}
