import { RandomParameterSource } from '@leantune/core';
import { CheckpointParameterSource } from '../parameters/checkpoint.js';
import type { Safetensors } from '../safetensors/reader.js';
import type { HeadOptions } from '../transformer/head.js';
import type { TransformerModel } from '../transformer/model.js';
import type { ModelBlueprint } from './architecture.js';

/** A model and which of its parameters did not come from the checkpoint. */
export interface BuiltModel {
  readonly model: TransformerModel;
  readonly freshParameters: readonly string[];
  /** Tensors of the checkpoint that the model has no place for. */
  readonly unusedTensors: readonly string[];
}

/** A model with random weights, from streams of `seed`. */
export function randomModel(blueprint: ModelBlueprint, head: HeadOptions, seed: number): TransformerModel {
  return blueprint.create(head, new RandomParameterSource(seed, blueprint.initializerRange));
}

/**
 * Builds a model from a checkpoint. A missing head starts fresh from streams of `seed`.
 * @param file name of the checkpoint, for messages
 * @throws CorruptFileError for a tensor of another shape, or listing all that are missing.
 */
export async function modelFromCheckpoint(
  blueprint: ModelBlueprint,
  head: HeadOptions,
  checkpoint: Safetensors,
  file: string,
  seed: number,
): Promise<BuiltModel> {
  const { basePrefix, aliases, mayBeFresh } = blueprint;
  const source = CheckpointParameterSource.of(checkpoint, {
    file,
    mayBeFresh,
    storedNames: (name) =>
      [name, ...aliases(name)].flatMap((each) =>
        each.startsWith(basePrefix) ? [each, each.slice(basePrefix.length)] : [each],
      ),
    fresh: new RandomParameterSource(seed, blueprint.initializerRange),
  });
  try {
    const model = blueprint.create(head, source);
    // Buffers have a value of their own where the checkpoint has none.
    const parameters = new Set([...model.namedParameters()].map(([name]) => name));
    const freshParameters = (await source.load()).filter((name) => parameters.has(name));
    return { model, freshParameters, unusedTensors: source.unusedTensors() };
  } catch (error) {
    source.release();
    throw error;
  }
}
