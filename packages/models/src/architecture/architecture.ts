import type { ParameterSource } from '@leantune/core';
import type { HeadKind, HeadOptions } from '../transformer/head.js';
import type { TransformerModel } from '../transformer/model.js';

/** One family of models: how its configuration is read and its models are built. */
export interface ArchitectureDefinition<Config> {
  /** `model_type` of its configurations. */
  readonly modelType: string;
  /** Prefix of the base model's parameters, which some checkpoints leave out, e.g. `bert.`. */
  readonly basePrefix: string;
  /** Hugging Face's class for every head that it has. */
  readonly classes: Readonly<Partial<Record<HeadKind, string>>>;
  /** Whether a parameter may start fresh where a checkpoint has none: heads. */
  readonly mayBeFresh: (name: string) => boolean;
  /** Other names under which a checkpoint may hold a parameter: tied weights. Default: none. */
  readonly aliases?: (name: string, config: Config) => readonly string[];
  /** @throws ConfigurationError naming every key that is missing or wrong */
  readonly parse: (json: unknown, file?: string) => Config;
  /** The configuration with every dropout rate replaced. */
  readonly withDropout: (config: Config, rate: number) => Config;
  /** Longest input and largest token id; no vocabulary where the input is no text. */
  readonly limits: (config: Config) => ModelLimits;
  /** Standard deviation of fresh weights. */
  readonly initializerRange: (config: Config) => number;
  /** Builds the model; `head.kind` is one of `classes`. */
  readonly create: (config: Config, head: HeadOptions, source: ParameterSource) => TransformerModel;
}

interface ModelLimits {
  /** Longest input in tokens. */
  readonly maxPositions: number;
  readonly vocabularySize: number | undefined;
  /** Pixels of the images that it reads; absent where the input is text. */
  readonly image?: ImageSize;
}

interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** A configuration that has been read, whatever its architecture. */
export interface ModelBlueprint extends ModelLimits {
  readonly modelType: string;
  readonly basePrefix: string;
  readonly classes: Readonly<Partial<Record<HeadKind, string>>>;
  readonly mayBeFresh: (name: string) => boolean;
  readonly aliases: (name: string) => readonly string[];
  readonly initializerRange: number;
  /** @throws UsageError for a head that the architecture does not have */
  create(head: HeadOptions, source: ParameterSource): TransformerModel;
}

/** An architecture with its own configuration type hidden. */
export interface Architecture {
  readonly modelType: string;
  readonly classes: Readonly<Partial<Record<HeadKind, string>>>;
  /** @throws ConfigurationError naming every key that is missing or wrong */
  read(json: unknown, options?: { readonly file?: string; readonly dropout?: number | undefined }): ModelBlueprint;
}
