import {
  Dropout,
  Embedding,
  LayerNorm,
  Module,
  add,
  tensorFrom,
  withCategory,
  type DeviceBatch,
  type ParameterSource,
  type Tensor,
  type TokenSelection,
} from '@leantune/core';
import { Site } from '../sites/site.js';
import type { BertConfig } from './config.js';

type LookUp = [ids: Tensor, selection?: TokenSelection];

/** word + position + type embeddings, LayerNorm, dropout (Devlin et al. 2019, figure 2). */
export class BertEmbeddings extends Module<[batch: DeviceBatch], Tensor> {
  readonly token: Site<LookUp>;
  readonly position: Site<LookUp>;
  readonly type: Site<LookUp>;
  readonly norm: Site;
  private readonly dropout: Dropout;

  constructor(config: BertConfig, source: ParameterSource) {
    super();
    const look = (site: string, name: string, rows: number, padding?: number) =>
      this.addChild(
        name,
        new Site<LookUp>(
          { name: `embeddings.${site}` },
          new Embedding(rows, config.hiddenSize, source.child(name), padding),
        ),
      );
    this.token = look('token', 'word_embeddings', config.vocabularySize, config.padTokenId);
    this.position = look('position', 'position_embeddings', config.maxPositions);
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
  protected forward({ inputs, size, length, selection }: DeviceBatch): Tensor {
    const ids = inputs.inputIds!; // [batch, length]
    const positions = inputs.positionIds ?? host(size, length, (index) => index % length);
    const types = inputs.tokenTypeIds ?? host(size, length, () => 0);
    const words = this.token.call(ids, selection); // [batch, length, hidden]
    const summed = add(add(words, this.type.call(types, selection)), this.position.call(positions, selection));
    return this.dropout.call(this.norm.call(summed));
  }
}

/** int32 [size, length] that belongs to the batch. */
function host(size: number, length: number, value: (index: number) => number): Tensor {
  const values = Int32Array.from({ length: size * length }, (_, index) => value(index));
  return withCategory('batch', () => tensorFrom(values, [size, length], 'int32'));
}
