import type { ParameterSource } from '@leantune/core';
import { RandomParameterSource } from '@leantune/core';
import { CheckpointParameterSource } from '../parameters/checkpoint.js';
import type { Safetensors } from '../safetensors/reader.js';
import type { HeadOptions } from '../sites/transformer.js';
import type { BertConfig } from './config.js';
import { BertForSequenceClassification } from './sequenceClassification.js';

/** A model and which of its parameters did not come from the checkpoint. */
export interface LoadedBert {
  readonly model: BertForSequenceClassification;
  readonly freshParameters: readonly string[];
}

/**
 * Builds BERT from a checkpoint. A missing classifier or pooler starts fresh from streams of `seed`.
 * @throws CorruptFileError for a tensor of another shape, or listing all that are missing.
 */
export async function bertFromCheckpoint(
  config: BertConfig,
  head: HeadOptions,
  checkpoint: Safetensors,
  file: string,
  seed: number,
): Promise<LoadedBert> {
  const source = await CheckpointParameterSource.read(checkpoint, {
    file,
    basePrefix: 'bert.',
    mayBeFresh: (name) => name.startsWith('classifier.') || name.startsWith('bert.pooler.'),
    fresh: freshBertSource(config, seed),
  });
  try {
    const model = new BertForSequenceClassification(config, head, source);
    source.assertComplete();
    return { model, freshParameters: source.report.fresh };
  } catch (error) {
    source.release();
    throw error;
  }
}

/** BERT with random weights (normal with the configuration's initializer range). */
export function randomBert(config: BertConfig, head: HeadOptions, seed: number): BertForSequenceClassification {
  return new BertForSequenceClassification(config, head, freshBertSource(config, seed));
}

function freshBertSource(config: BertConfig, seed: number): ParameterSource {
  return new RandomParameterSource(seed, config.initializerRange);
}
