import {
  Dropout,
  Embedding,
  LayerNorm,
  Module,
  add,
  withSelection,
  type DeviceBatch,
  type HostArray,
  type ParameterSource,
  type Tensor,
} from '@leantune/core';
import { batchTensor, hostIds } from '../transformer/positions.js';
import { Site } from '../transformer/site.js';
import type { BertConfig } from './config.js';

/** How a family numbers the positions of a batch. */
export type PositionRule = (batch: DeviceBatch['host'], config: BertConfig) => HostArray;

/** word + type + position embeddings, LayerNorm, dropout (Devlin et al. 2019, figure 2). */
export class BertEmbeddings extends Module<[batch: DeviceBatch], Tensor> {
  readonly token: Site;
  readonly position: Site;
  readonly type: Site;
  readonly norm: Site;
  private readonly dropout: Dropout;

  constructor(
    private readonly config: BertConfig,
    private readonly positions: PositionRule,
    source: ParameterSource,
    positionPadding?: number,
  ) {
    super();
    const look = (site: string, name: string, rows: number, padding?: number) =>
      this.addChild(
        name,
        new Site({ name: `embeddings.${site}` }, new Embedding(rows, config.hiddenSize, source.child(name), padding)),
      );
    this.token = look('token', 'word_embeddings', config.vocabularySize, config.padTokenId);
    this.position = look('position', 'position_embeddings', config.positionRows, positionPadding);
    this.type = look('type', 'token_type_embeddings', config.typeVocabularySize);
    this.norm = this.addChild(
      'LayerNorm',
      new Site(
        { name: 'embeddings.norm' },
        new LayerNorm(config.hiddenSize, config.layerNormEpsilon, source.child('LayerNorm')),
      ),
    );
    this.dropout = this.addChild('dropout', new Dropout(config.hiddenDropout));
  }

  /** @returns [batch, length, hidden], carrying the batch's token selection */
  protected forward({ inputs, size, length, selection, host }: DeviceBatch): Tensor {
    const look = (site: Site, ids: Tensor) => site.call(withSelection(ids, selection)); // [batch, length, hidden]
    const positions = inputs.positionIds ?? batchTensor(this.positions(host, this.config));
    const types = inputs.tokenTypeIds ?? batchTensor(hostIds(size, length, () => 0));
    const words = look(this.token, inputs.inputIds!);
    const summed = add(add(words, look(this.type, types)), look(this.position, positions));
    return this.dropout.call(this.norm.call(summed));
  }
}
