import {
  Dropout,
  Embedding,
  LayerNorm,
  Module,
  add,
  withSelection,
  type Batch,
  type DeviceBatch,
  type HostArray,
  type ParameterSource,
  type Tensor,
} from '@leantune/core';
import { batchTensor, hostIds } from '../transformer/positions.js';
import { Site } from '../transformer/site.js';

export interface EncoderEmbeddingOptions {
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  /** Row of the token table that gets no gradient. */
  readonly padTokenId: number | undefined;
  readonly positionRows: number;
  /** How the architecture numbers the tokens of a batch. */
  readonly positions: (batch: Batch) => HostArray;
  /** Row of the position table that gets no gradient. */
  readonly positionPadding?: number;
  /** Absent where the architecture has no token types. */
  readonly typeVocabularySize?: number;
  readonly layerNormEpsilon: number;
  readonly dropout: number;
}

/** word (+ type) + position embeddings, LayerNorm, dropout (Devlin et al. 2019, figure 2). */
export class EncoderEmbeddings extends Module<[batch: DeviceBatch], Tensor> {
  /** Rows of the position table. */
  readonly positionTable: Embedding;
  private readonly token: Site;
  private readonly position: Site;
  private readonly type: Site | undefined;
  private readonly norm: Site;
  private readonly dropout: Dropout;

  constructor(
    private readonly options: EncoderEmbeddingOptions,
    source: ParameterSource,
  ) {
    super();
    const { hiddenSize, typeVocabularySize } = options;
    const table = (name: string, rows: number, padding?: number) =>
      new Embedding(rows, hiddenSize, source.child(name), padding);
    const place = (site: string, name: string, embedding: Embedding) =>
      this.addChild(name, new Site({ name: `embeddings.${site}` }, embedding));
    const [words, positions, types] = ['word_embeddings', 'position_embeddings', 'token_type_embeddings'] as const;
    this.token = place('token', words, table(words, options.vocabularySize, options.padTokenId));
    this.positionTable = table(positions, options.positionRows, options.positionPadding);
    this.position = place('position', positions, this.positionTable);
    this.type = typeVocabularySize === undefined ? undefined : place('type', types, table(types, typeVocabularySize));
    const norm = new LayerNorm(hiddenSize, options.layerNormEpsilon, source.child('LayerNorm'));
    this.norm = this.addChild('LayerNorm', new Site({ name: 'embeddings.norm' }, norm));
    this.dropout = this.addChild('dropout', new Dropout(options.dropout));
  }

  /** @returns [batch, length, hidden], carrying the batch's token selection */
  protected forward({ inputs, size, length, selection, host }: DeviceBatch): Tensor {
    const look = (site: Site, ids: Tensor) => site.call(withSelection(ids, selection)); // [batch, length, hidden]
    const positions = inputs.positionIds ?? batchTensor(this.options.positions(host));
    const types = () => inputs.tokenTypeIds ?? batchTensor(hostIds(size, length, () => 0));
    const words = look(this.token, inputs.inputIds!);
    const typed = this.type === undefined ? words : add(words, look(this.type, types()));
    return this.dropout.call(this.norm.call(add(typed, look(this.position, positions))));
  }
}
