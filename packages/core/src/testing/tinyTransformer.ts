import { crossEntropy } from '../ops/loss.js';
import { gelu, tanh } from '../ops/activation.js';
import { add } from '../ops/arithmetic.js';
import { attention } from '../ops/attention.js';
import { additiveMask } from '../ops/mask.js';
import { selectedRows, tokenAt } from '../ops/tokens.js';
import type { Batch } from '../data/batch.js';
import { RandomParameterSource, type ParameterSource } from '../modules/initialization.js';
import { Dropout, Embedding, LayerNorm, Linear } from '../modules/layers.js';
import { Module } from '../modules/module.js';
import { RandomStream } from '../random/stream.js';
import { TrainableModel, type DeviceBatch, type ModelOutput } from '../train/model.js';
import { withSelection } from '../tensor/selection.js';
import type { Tensor } from '../tensor/tensor.js';

export interface TinyTransformerOptions {
  /** Rate of all dropouts. */
  readonly dropout: number;
  readonly seed?: number;
  /** Default 11, of which batches use the first 11. */
  readonly vocabulary?: number;
}

const sizes = { hidden: 8, heads: 2, inner: 32, words: 11, classes: 3 } as const;

class SelfAttention extends Module<[x: Tensor, mask: Tensor], Tensor> {
  private readonly query: Linear;
  private readonly key: Linear;
  private readonly value: Linear;
  private readonly output: Linear;
  private readonly probabilities: Dropout;

  constructor(source: ParameterSource, rate: number) {
    super();
    const { hidden } = sizes;
    const linear = (name: string) => this.addChild(name, new Linear(hidden, hidden, source.child(name)));
    this.query = linear('query');
    this.key = linear('key');
    this.value = linear('value');
    this.output = linear('output');
    this.probabilities = this.addChild('dropout', new Dropout(rate));
  }

  protected forward(x: Tensor, mask: Tensor): Tensor {
    const mixed = attention(this.query.call(x), this.key.call(x), this.value.call(x), {
      heads: sizes.heads,
      mask: { keys: mask },
      dropout: this.probabilities.stream(),
    });
    return this.output.call(mixed);
  }
}

/**
 * One post-LN transformer layer of hidden size 8, 2 heads, inner size 32, between an embedding and a pooled classifier of
 * 3 classes, as BERT has them, for tests of core.
 */
export class TinyTransformer extends TrainableModel {
  private readonly word: Embedding;
  private readonly norms: readonly LayerNorm[];
  private readonly dropouts: readonly Dropout[];
  private readonly attention: SelfAttention;
  private readonly up: Linear;
  private readonly down: Linear;
  private readonly pooler: Linear;
  readonly classifier: Linear;

  constructor({ dropout, seed = 1, vocabulary = sizes.words }: TinyTransformerOptions) {
    super();
    const { hidden, inner, classes } = sizes;
    const source = new RandomParameterSource(seed, 0.3);
    this.word = this.addChild('word', new Embedding(vocabulary, hidden, source.child('word')));
    this.norms = [0, 1, 2].map((index) =>
      this.addChild(`norm${index}`, new LayerNorm(hidden, 1e-12, source.child(`norm${index}`))),
    );
    this.dropouts = [0, 1, 2].map((index) => this.addChild(`dropout${index}`, new Dropout(dropout)));
    this.attention = this.addChild('attention', new SelfAttention(source.child('attention'), dropout));
    this.up = this.addChild('up', new Linear(hidden, inner, source.child('up')));
    this.down = this.addChild('down', new Linear(inner, hidden, source.child('down')));
    this.pooler = this.addChild('pooler', new Linear(hidden, hidden, source.child('pooler')));
    this.classifier = this.addChild('classifier', new Linear(hidden, classes, source.child('classifier')));
  }

  protected forward({ inputs, labels, selection }: DeviceBatch): ModelOutput {
    const [norm0, norm1, norm2] = this.norms as [LayerNorm, LayerNorm, LayerNorm];
    const [dropout0, dropout1, dropout2] = this.dropouts as [Dropout, Dropout, Dropout];
    const x = dropout0.call(norm0.call(this.word.call(withSelection(inputs.inputIds!, selection)))); // [batch, length, hidden]
    const mixed = this.attention.call(x, additiveMask(inputs.attentionMask!));
    const middle = norm1.call(add(x, dropout1.call(mixed)));
    const inner = this.down.call(gelu(this.up.call(middle)));
    const hidden = selectedRows(norm2.call(add(middle, dropout2.call(inner))));
    const logits = this.classifier.call(tanh(this.pooler.call(tokenAt(hidden, 0)))); // [batch, classes]
    return { loss: crossEntropy(logits, labels), logits, hidden };
  }
}

/** A random batch for the model; the last token of every second row is padding. */
export function tinyBatch(seed: number, size = 2, length = 5): Batch {
  const random = new RandomStream(seed, 'tinyBatch');
  const integers = (count: number, bound: number) => Int32Array.from({ length: count }, () => random.integer(bound));
  const attentionMask = Int32Array.from({ length: size * length }, (_, index) =>
    index % (2 * length) === 2 * length - 1 ? 0 : 1,
  );
  return {
    size,
    length,
    inputs: {
      inputIds: { dtype: 'int32', shape: [size, length], data: integers(size * length, sizes.words) },
      attentionMask: { dtype: 'int32', shape: [size, length], data: attentionMask },
    },
    labels: { dtype: 'int32', shape: [size], data: integers(size, sizes.classes) },
  };
}
