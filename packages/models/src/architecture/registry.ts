import { ConfigurationError, nearestName } from '@leantune/core';
import { bart } from '../bart/architecture.js';
import { bert } from '../bert/architecture.js';
import { distilbert } from '../distilbert/architecture.js';
import { gpt2 } from '../gpt2/architecture.js';
import { llama, qwen2 } from '../llama/architecture.js';
import { roberta } from '../roberta/architecture.js';
import { vit } from '../vit/architecture.js';
import { architectureUnknown } from '../messages.js';
import { opt } from '../opt/architecture.js';
import type { Architecture, ModelBlueprint } from './architecture.js';

/** Every architecture, by `model_type`. */
export const architectures: readonly Architecture[] = [bert, roberta, distilbert, vit, llama, qwen2, opt, gpt2, bart];

export interface ReadConfigOptions {
  /** Name of the file, for messages. */
  readonly file?: string;
  /** Replaces every dropout rate of the configuration. */
  readonly dropout?: number | undefined;
}

/**
 * Reads the content of a `config.json` of any known architecture.
 * @throws ConfigurationError for an unknown `model_type`, or naming every key that is missing or wrong
 */
export function readModelConfig(json: unknown, options: ReadConfigOptions = {}): ModelBlueprint {
  const modelType = (json as { readonly model_type?: unknown } | null)?.model_type;
  const found = architectures.find((architecture) => architecture.modelType === modelType);
  if (found !== undefined) return found.read(json, options);
  const known = architectures.map((architecture) => architecture.modelType);
  const nearest = typeof modelType === 'string' ? nearestName(modelType, known) : undefined;
  throw new ConfigurationError([
    {
      ...(options.file === undefined ? {} : { file: options.file }),
      key: 'model_type',
      message: architectureUnknown(modelType),
      expected: `one of ${known.join(', ')}`,
      ...(nearest === undefined ? {} : { nearest }),
    },
  ]);
}
