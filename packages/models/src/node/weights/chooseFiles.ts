import { EnvironmentError } from '@leantune/core';
import * as messages from '../../messages.js';
import { besideTokenizer, tokenizerNames } from './checkFolder.js';

/** The part of a repository's listing that the choice depends on. */
interface Listed {
  readonly name: string;
}

const single = 'model.safetensors';
export const shardIndex = 'model.safetensors.index.json';
const pickle = /\.(bin|pt|pth|ckpt)$/;

export interface Choice<File> {
  /** config.json, the tokenizer's files, and the index of shards where there is one. */
  readonly small: readonly File[];
  /** The weights, where they are one file. */
  readonly weights: File | undefined;
}

/**
 * The files of a repository that make a checkpoint, out of all that lie in its root: weights in one file before shards,
 * and no tokenizer but the one that is read.
 * @throws EnvironmentError where there is no config.json, or weights only as pickles, with the command that converts them.
 */
export function chooseFiles<File extends Listed>(id: string, files: readonly File[]): Choice<File> {
  const byName = new Map(files.map((file) => [file.name, file]));
  const weights = byName.get(single);
  const index = weights === undefined ? byName.get(shardIndex) : undefined;
  if (!byName.has('config.json')) throw incomplete(messages.repositoryLacks(id, 'config.json'));
  if (weights === undefined && index === undefined) {
    const pickles = files.map(({ name }) => name).filter((name) => pickle.test(name));
    if (pickles.length === 0) throw incomplete(messages.repositoryLacks(id, single));
    throw new EnvironmentError(messages.repositoryOfPickles(id, pickles), {
      code: 'LEANTUNE_PICKLE',
      remedy: messages.remedyConvertRepository(id),
    });
  }
  const tokenizer = tokenizerNames.find((name) => byName.has(name));
  const names = ['config.json', tokenizer, ...besideTokenizer, 'preprocessor_config.json'];
  const small = names.map((name) => byName.get(name ?? '')).filter((file) => file !== undefined);
  return { small: index === undefined ? small : [...small, index], weights };
}

function incomplete(message: string): EnvironmentError {
  return new EnvironmentError(message, {
    code: 'LEANTUNE_CHECKPOINT_INCOMPLETE',
    remedy: messages.remedyOtherRepository(),
  });
}
