import { Linear, selectedRows, type DeviceBatch, type ModelOutput, type ParameterSource } from '@leantune/core';
import type { DecoderBackbone, DecoderConfig, DecoderOptions } from './decoder.js';
import { languageModelOutput } from './languageModelOutput.js';
import { nextTokenLabels } from './losses.js';
import { TransformerModel } from './model.js';
import { Site } from './site.js';

/** A decoder that predicts the next token; its head is tied to the embedding, or a matrix of its own. */
export class CausalLanguageModel<Config extends DecoderConfig> extends TransformerModel {
  override readonly kind = 'decoder';
  override readonly head = { kind: 'causal-lm' } as const;
  override readonly headNames: readonly string[] = [];
  override readonly family: string;
  override readonly architecture: string;
  override readonly maxPositions: number;
  override readonly vocabularySize: number;
  override readonly hiddenSize: number;
  private readonly backbone: DecoderBackbone;
  private readonly languageHead: Site;

  constructor(options: DecoderOptions<Config>, source: ParameterSource) {
    super();
    const { config, backboneName, makeBackbone } = options;
    const { hiddenSize, vocabularySize, embeddingSize = hiddenSize, tieWordEmbeddings } = config;
    this.family = options.modelType;
    this.architecture = options.languageModel;
    this.maxPositions = config.maxPositions;
    this.vocabularySize = vocabularySize;
    this.hiddenSize = hiddenSize;
    this.backbone = this.addChild(backboneName, makeBackbone(config, source.child(backboneName)));
    const head = new Linear(embeddingSize, vocabularySize, source.child('lm_head'), {
      bias: false,
      tiedTo: tieWordEmbeddings ? this.backbone.embedding.weight : undefined,
    });
    this.languageHead = this.addChild('lm_head', new Site({ name: 'head' }, head));
  }

  override get stacks() {
    return [this.backbone.stack];
  }

  /** Logits of the selected tokens, or of all: [batch, tokens or length, vocabulary]. */
  protected forward(batch: DeviceBatch): ModelOutput {
    const hidden = selectedRows(this.backbone.call(batch)); // [batch, tokens or length, features]
    return languageModelOutput(this.languageHead, hidden, nextTokenLabels(batch.host), batch.selection);
  }
}
