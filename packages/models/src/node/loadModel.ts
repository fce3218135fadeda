import { EnvironmentError, UsageError, withParameterStorage, type FloatStorageDType } from '@leantune/core';
import type { ModelBlueprint } from '../architecture/architecture.js';
import { chooseHead } from '../architecture/chooseHead.js';
import { modelFromCheckpoint, randomModel } from '../architecture/buildModel.js';
import { readModelConfig } from '../architecture/registry.js';
import { parseImageProcessor, type ImageProcessor } from '../image/imageProcessor.js';
import * as messages from '../messages.js';
import type { HeadOptions } from '../transformer/head.js';
import type { TransformerModel } from '../transformer/model.js';
import { tokenizerFromJson } from '../tokenizer/fromJson.js';
import { wordPieceJson } from '../tokenizer/fromVocabulary.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { findModelConfig } from './findConfig.js';
import { loadImageProcessor } from './loadImageProcessor.js';
import { loadTokenizer } from './loadTokenizer.js';
import { openWeights } from './openWeights.js';
import { readJson } from './readJson.js';
import { resolveCheckpoint, type ResolveOptions, type ResolvedCheckpoint } from './weights/resolveCheckpoint.js';

export interface LoadModelOptions extends ResolveOptions {
  /** Of several the first one that the architecture has. */
  readonly head: HeadOptions | readonly [HeadOptions, ...HeadOptions[]];
  /** Names the streams of parameters that start fresh. Default 0. */
  readonly seed?: number;
  /** How weights are held; anything but float32 needs a backend that can (`torch`). Default float32. */
  readonly storage?: FloatStorageDType;
  /** Replaces every dropout rate of the configuration. */
  readonly dropout?: number | undefined;
  /** Sees lines for people before slow phases. */
  readonly onLog?: (message: string) => void;
}

/** A model ready for a method, with its tokenizer and where both came from. */
export interface LoadedModel {
  readonly model: TransformerModel;
  /** @throws UsageError for a model whose input is no text */
  readonly tokenizer: Tokenizer;
  /** @throws UsageError for a model whose input are no images */
  readonly imageProcessor: ImageProcessor;
  /** For results: e.g. `sentence-transformers/all-MiniLM-L6-v2@c9745ed…`, `folder NAME`, or `random`. */
  readonly source: string;
  /** True where no checkpoint was found and a small model with random weights stands in. */
  readonly random: boolean;
  /** SHA-256 of the weights and of the tokenizer file; absent for random ones. */
  readonly weightsSha256?: string;
  readonly tokenizerSha256?: string;
  /** Parameters that were not in the checkpoint. */
  readonly freshParameters: readonly string[];
  /** What the user must know before trusting a result. */
  readonly warnings: readonly string[];
}

/**
 * Loads a model by name or folder. Where no source has a known checkpoint, a small model with random weights (and a
 * character vocabulary, or for images where the named one reads those) takes its place, with a warning: everything runs,
 * no score means anything.
 * @throws UsageError for unknown names; CorruptFileError for damaged files.
 */
export async function loadModel(nameOrFolder: string, options: LoadModelOptions): Promise<LoadedModel> {
  const { seed = 0, storage = 'float32', onLog } = options;
  const heads = 'kind' in options.head ? ([options.head] as const) : options.head;
  const resolved = await resolveOrStandIn(nameOrFolder, options);
  if (resolved instanceof EnvironmentError) {
    const tokenizer = (await readsImages(nameOrFolder, options)) ? undefined : characterTokenizer();
    const { dropout } = options;
    const blueprint = readModelConfig(standInConfig(tokenizer?.vocabularySize), { dropout });
    const imageProcessor = blueprint.image && parseImageProcessor({}, blueprint.image);
    const warnings = [messages.randomStandIn(nameOrFolder)];
    // The reason names folders of this machine: for people, not for results.
    onLog?.(`${warnings[0]!} ${resolved.message}`);
    const model = randomModel(heldAs(blueprint, storage), chooseHead(blueprint, heads), seed);
    const known = { source: 'random', random: true, freshParameters: [], warnings };
    return withReaders({ model, ...known }, tokenizer, imageProcessor);
  }
  const { files, folder, sha256 } = resolved;
  onLog?.(messages.loadingWeights(resolved.id, resolved.source));
  const { dropout } = options;
  const blueprint = readModelConfig(await readJson(files.config), { file: files.config, dropout });
  const imageProcessor = blueprint.image && (await loadImageProcessor(folder, blueprint.image));
  const tokenizer = blueprint.vocabularySize === undefined ? undefined : await loadTokenizer(folder);
  const weights = await openWeights(files.weights);
  const { model, freshParameters, unusedTensors } = await modelFromCheckpoint(
    heldAs(blueprint, storage),
    chooseHead(blueprint, heads),
    weights,
    files.weights,
    seed,
  ).finally(() => weights.close());
  // A fresh task head is what fine-tuning starts from; anything else should have been in the checkpoint.
  const unexpected = freshParameters.filter((name) => !model.isHeadParameter(name));
  const freshHead = freshParameters.filter((name) => model.isHeadParameter(name));
  if (freshHead.length > 0) onLog?.(messages.headStartsFresh(freshHead));
  // Heads of other tasks are left aside as a matter of course; layers are not.
  const unusedLayers = unusedTensors.filter((name) => /\.\d+\./.test(name) && /\.(weight|bias)$/.test(name));
  const hashOf = (path: string | undefined) => (path === undefined ? undefined : sha256[path.split(/[\\/]/).at(-1)!]);
  const weightsSha256 = hashOf(files.weights);
  const tokenizerSha256 = hashOf(files.tokenizer);
  const known = {
    model,
    source: describeSource(resolved),
    random: false,
    ...(weightsSha256 === undefined ? {} : { weightsSha256 }),
    ...(tokenizerSha256 === undefined ? {} : { tokenizerSha256 }),
    freshParameters,
    warnings: [
      ...(unexpected.length === 0 ? [] : [messages.startedFresh(unexpected)]),
      ...(unusedLayers.length === 0 ? [] : [messages.layersUnused(unusedLayers)]),
    ],
  };
  return withReaders(known, tokenizer, imageProcessor);
}

/** What turns rows into the model's input: one of them, and who asks for the other hears why there is none. */
function withReaders(
  loaded: Omit<LoadedModel, 'tokenizer' | 'imageProcessor'>,
  tokenizer: Tokenizer | undefined,
  imageProcessor: ImageProcessor | undefined,
): LoadedModel {
  const { architecture } = loaded.model;
  return {
    ...loaded,
    get tokenizer() {
      if (tokenizer !== undefined) return tokenizer;
      throw new UsageError(messages.noTokenizer(architecture), { code: 'LEANTUNE_NO_TOKENIZER' });
    },
    get imageProcessor() {
      if (imageProcessor !== undefined) return imageProcessor;
      throw new UsageError(messages.noImageProcessor(architecture), { code: 'LEANTUNE_NO_IMAGE_PROCESSOR' });
    },
  };
}

/** The same models with their parameters held as `storage`. @throws EnvironmentError where the backend cannot */
function heldAs(blueprint: ModelBlueprint, storage: FloatStorageDType): ModelBlueprint {
  return {
    ...blueprint,
    create: (head, source) => withParameterStorage(storage, () => blueprint.create(head, source)),
  };
}

/** A folder of the user's is named by its last part: results hold no paths of a machine. */
function describeSource({ id, revision }: ResolvedCheckpoint): string {
  return revision === undefined ? `folder ${id.split(/[\\/]/).at(-1)!}` : `${id}@${revision}`;
}

async function resolveOrStandIn(
  nameOrFolder: string,
  options: LoadModelOptions,
): Promise<ResolvedCheckpoint | EnvironmentError> {
  try {
    return await resolveCheckpoint(nameOrFolder, options);
  } catch (error) {
    if (error instanceof EnvironmentError && error.code === 'LEANTUNE_CHECKPOINT_ABSENT') return error;
    throw error;
  }
}

/** Whether the configuration of a model says so, where it ships with leantune or lies in a cache. */
async function readsImages(name: string, { environment = process.env }: LoadModelOptions): Promise<boolean> {
  const offline = { ...environment, HF_HUB_OFFLINE: '1' };
  const found = await findModelConfig(name, { environment: offline }).catch(() => undefined);
  return found !== undefined && readModelConfig(found.config).image !== undefined;
}

/** Two layers of 64: seconds on any machine. Without a vocabulary it reads images. */
function standInConfig(vocabularySize: number | undefined): Readonly<Record<string, unknown>> {
  const input =
    vocabularySize === undefined
      ? { model_type: 'vit', image_size: 32, patch_size: 8 }
      : { model_type: 'bert', vocab_size: vocabularySize, pad_token_id: 0 };
  return { ...input, hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 4, intermediate_size: 256 };
}

/** WordPiece over single characters: needs no file. */
function characterTokenizer(): Tokenizer {
  const characters = Array.from({ length: 0x7e - 0x21 + 1 }, (_, index) => String.fromCharCode(0x21 + index)).filter(
    (character) => character === character.toLowerCase(),
  );
  const words = characters.filter((character) => /[a-z0-9]/.test(character)).map((character) => `##${character}`);
  const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...characters, ...words].join('\n');
  return tokenizerFromJson(wordPieceJson(vocabulary, 'characters'), 'characters', {});
}
