import {
  Dropout,
  Linear,
  Module,
  UsageError,
  additiveMask,
  crossEntropy,
  ignoredLabel,
  meanSquaredError,
  meanWeights,
  reshape,
  selectedRows,
  tanh,
  tensorFrom,
  tokenAt,
  weightedTokenSum,
  withCategory,
  type Batch,
  type DeviceBatch,
  type ModelOutput,
  type ParameterSource,
  type Tensor,
} from '@leantune/core';
import { inputTooLong, labelOutOfRange } from '../messages.js';
import { Site } from '../sites/site.js';
import { TransformerModel, type HeadOptions } from '../sites/transformer.js';
import type { BertConfig } from './config.js';
import { BertEmbeddings } from './embeddings.js';
import { BertLayer } from './layer.js';

/** `bert.encoder.layer.N`: a container of modules that only gives names. */
class BertEncoder extends Module<[x: Tensor, mask: Tensor], Tensor> {
  readonly layers: readonly BertLayer[];

  constructor(config: BertConfig, source: ParameterSource) {
    super();
    this.layers = Array.from({ length: config.layers }, (_, index) =>
      this.addChild(`layer.${index}`, new BertLayer(config, index, source.child('layer').child(String(index)))),
    );
  }

  protected forward(x: Tensor, mask: Tensor): Tensor {
    return this.layers.reduce((hidden, layer) => layer.call(hidden, mask), x);
  }
}

/** tanh(dense(pooled token vector)). */
class BertPooler extends Module<[x: Tensor], Tensor> {
  readonly dense: Site;

  constructor(config: BertConfig, source: ParameterSource) {
    super();
    const dense = new Linear(config.hiddenSize, config.hiddenSize, source.child('dense'));
    this.dense = this.addChild('dense', new Site({ name: 'pooler' }, dense));
  }

  protected forward(x: Tensor): Tensor {
    return tanh(this.dense.call(x));
  }
}

/** `bert.*` of a checkpoint. */
class BertModel extends Module<[batch: DeviceBatch], Tensor> {
  readonly embeddings: BertEmbeddings;
  readonly encoder: BertEncoder;
  readonly pooler: BertPooler;

  constructor(config: BertConfig, source: ParameterSource) {
    super();
    this.embeddings = this.addChild('embeddings', new BertEmbeddings(config, source.child('embeddings')));
    this.encoder = this.addChild('encoder', new BertEncoder(config, source.child('encoder')));
    this.pooler = this.addChild('pooler', new BertPooler(config, source.child('pooler')));
  }

  /** Last hidden states [batch, length, hidden]. */
  protected forward(batch: DeviceBatch): Tensor {
    return this.encoder.call(this.embeddings.call(batch), additiveMask(batch.inputs.attentionMask!));
  }
}

/** BERT with a pooler and a linear head: classification (cross-entropy) or regression (mean squared error). */
export class BertForSequenceClassification extends TransformerModel {
  readonly architecture = 'BertForSequenceClassification';
  readonly family = 'bert';
  readonly kind = 'encoder';
  readonly headNames = ['classifier'];
  readonly maxPositions: number;
  readonly sites: readonly Site[];
  private readonly bert: BertModel;
  private readonly dropout: Dropout;
  private readonly classifier: Site;

  constructor(
    readonly config: BertConfig,
    private readonly head: HeadOptions,
    source: ParameterSource,
  ) {
    super();
    this.maxPositions = config.maxPositions;
    this.bert = this.addChild('bert', new BertModel(config, source.child('bert')));
    this.dropout = this.addChild('dropout', new Dropout(config.classifierDropout));
    const linear = new Linear(config.hiddenSize, head.numberOfLabels, source.child('classifier'));
    this.classifier = this.addChild('classifier', new Site({ name: 'head' }, linear));
    this.sites = [
      this.bert.embeddings.norm,
      ...this.bert.encoder.layers.flatMap((layer) => layer.sites),
      this.bert.pooler.dense,
      this.classifier,
    ];
  }

  override checkBatch({ length, inputs, labels }: Batch): void {
    // Published TokenTune groups come with positions of their own and are a little longer than the texts.
    if (inputs.positionIds === undefined && length > this.maxPositions) {
      throw new UsageError(inputTooLong(length, this.maxPositions), { code: 'LEANTUNE_INPUT_TOO_LONG' });
    }
    if (this.head.kind === 'regression') return;
    const { numberOfLabels } = this.head;
    const wrong = labels.data.find((label) => label !== ignoredLabel && !(label >= 0 && label < numberOfLabels));
    if (wrong !== undefined) {
      throw new UsageError(labelOutOfRange(wrong, numberOfLabels), { code: 'LEANTUNE_LABEL' });
    }
  }

  protected forward(batch: DeviceBatch): ModelOutput {
    const hidden = selectedRows(this.bert.call(batch)); // [batch, tokens or length, hidden]
    const pooled = this.bert.pooler.call(this.pool(hidden, batch)); // [batch, hidden]
    const logits = this.classifier.call(this.dropout.call(pooled)); // [batch, labels]
    const loss =
      this.head.kind === 'regression'
        ? meanSquaredError(reshape(logits, [batch.size]), batch.labels)
        : crossEntropy(logits, batch.labels);
    return { loss, logits, hidden };
  }

  /** [batch, tokens or length, hidden] → [batch, hidden] */
  private pool(hidden: Tensor, { size, inputs, selection }: DeviceBatch): Tensor {
    if (this.pooling === 'first') return tokenAt(hidden, 0);
    const tokens = hidden.shape[1]!;
    const all = () => withCategory('batch', () => tensorFrom(new Float32Array(size * tokens).fill(1), [size, tokens]));
    if (this.pooling === 'meanUnmasked') return weightedTokenSum(hidden, meanWeights(all()));
    const mask = selection === undefined ? inputs.attentionMask! : (selection.slotMask ?? all());
    return weightedTokenSum(hidden, meanWeights(mask));
  }
}
