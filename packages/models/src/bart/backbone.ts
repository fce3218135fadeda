import {
  Embedding,
  Module,
  causalOrder,
  type DeviceBatch,
  type HostArray,
  type ParameterSource,
  type Tensor,
} from '@leantune/core';
import { paddingMask } from '../transformer/masks.js';
import { batchTensor, hostIds } from '../transformer/positions.js';
import { Site } from '../transformer/site.js';
import type { BartConfig } from './config.js';
import { BartStack } from './stack.js';

/** `model.*` of a BART checkpoint: the decoder's hidden states [batch, decoder length, hidden]. */
export class BartBackbone extends Module<[batch: DeviceBatch, decoderIds: Tensor], Tensor> {
  readonly embedding: Embedding;
  private readonly encoder: BartStack;
  private readonly decoder: BartStack;

  constructor(config: BartConfig, source: ParameterSource) {
    super();
    const { vocabularySize, hiddenSize, padTokenId } = config;
    this.embedding = new Embedding(vocabularySize, hiddenSize, source.child('shared'), padTokenId);
    const token = this.addChild('shared', new Site({ name: 'embeddings.token' }, this.embedding));
    const stack = (kind: 'encoder' | 'decoder') =>
      this.addChild(kind, new BartStack(kind, config, token, source.child(kind)));
    this.encoder = stack('encoder');
    this.decoder = stack('decoder');
  }

  get stacks() {
    return [this.encoder.stack, this.decoder.stack];
  }

  /** @param decoderIds int32 [batch, decoder length]; its padding is not hidden, as nothing real comes after it */
  protected forward(batch: DeviceBatch, decoderIds: Tensor): Tensor {
    const { inputs, selection, decoderSelection } = batch;
    const mask = { keys: paddingMask(batch) };
    const hidden = this.encoder.call(inputs.inputIds!, selection, { mask });
    return this.decoder.call(decoderIds, decoderSelection, {
      mask: { causal: causalOrder(decoderIds.shape[1]!, undefined, decoderSelection) },
      encoder: { hidden, mask },
    });
  }
}

/** Each row one place later behind the start token; what does not count as a label is padding to the decoder. */
export function shiftedRight({ data, shape }: HostArray, config: BartConfig): Tensor {
  const [size, length] = shape as [number, number];
  return batchTensor(
    hostIds(size, length, (row, column) => {
      if (column === 0) return config.decoderStartTokenId;
      const id = data[row * length + column - 1]!;
      return id < 0 ? config.padTokenId : id;
    }),
  );
}
