import type { DeviceBatch, Module, Parameter, ParameterSource, Tensor } from '@leantune/core';
import type { ArchitectureDefinition } from '../architecture/architecture.js';
import { CausalLanguageModel } from './causalLanguageModel.js';
import { LastTokenClassifier } from './lastTokenClassification.js';
import type { LayerStack } from './stack.js';

/** A decoder without a head: the last hidden states of a batch [batch, length, features]. */
export interface DecoderBackbone extends Module<[batch: DeviceBatch], Tensor> {
  readonly stack: LayerStack;
  readonly embedding: { readonly weight: Parameter };
}

/** What heads need to know of any decoder. */
export interface DecoderConfig {
  readonly maxPositions: number;
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  /** Features of the embedding and of the backbone's output. Default: the hidden size. */
  readonly embeddingSize?: number;
  readonly initializerRange: number;
  readonly tieWordEmbeddings: boolean;
  /** Which token ends a text; without one, the attention mask says. */
  readonly padTokenId: number | undefined;
}

/** A decoder family: its backbone and the names that checkpoints give it. */
export interface DecoderFamily<Config extends DecoderConfig> {
  readonly modelType: string;
  /** Hugging Face's class with a language-model head, and with a score of the last token. */
  readonly languageModel: string;
  readonly classifier: string;
  /** Name of the backbone in checkpoints, e.g. `model`, and of its embedding below. */
  readonly backboneName: string;
  readonly embeddingName: string;
  readonly makeBackbone: (config: Config, source: ParameterSource) => DecoderBackbone;
}

/** A decoder with the head that a task asks for. */
export interface DecoderOptions<Config extends DecoderConfig> extends DecoderFamily<Config> {
  readonly config: Config;
}

/** What all decoder families say of themselves in the same way. */
export function decoderDefinition<Config extends DecoderConfig>(
  family: DecoderFamily<Config>,
): Omit<ArchitectureDefinition<Config>, 'parse' | 'withDropout'> {
  const { modelType, languageModel, classifier, backboneName, embeddingName } = family;
  return {
    modelType,
    basePrefix: `${backboneName}.`,
    classes: { 'causal-lm': languageModel, classification: classifier, regression: classifier },
    mayBeFresh: (name) => /^(score|lm_head)\./.test(name),
    aliases: (name, { tieWordEmbeddings }) =>
      tieWordEmbeddings && name === `${backboneName}.${embeddingName}.weight` ? ['lm_head.weight'] : [],
    limits: ({ maxPositions, vocabularySize }) => ({ maxPositions, vocabularySize }),
    initializerRange: (config) => config.initializerRange,
    create: (config, head, source) =>
      head.kind === 'causal-lm'
        ? new CausalLanguageModel({ ...family, config }, source)
        : new LastTokenClassifier({ ...family, config }, head, source),
  };
}
