import type { HeadOptions } from '../transformer/head.js';
import type { ModelBlueprint } from './architecture.js';

/**
 * The first of the heads that the architecture has: a task may be learnt in several ways, each with a head of its own. Where it has none of them
 * the first one, which the architecture then refuses with its reasons.
 */
export function chooseHead(
  { classes }: Pick<ModelBlueprint, 'classes'>,
  heads: readonly [HeadOptions, ...HeadOptions[]],
): HeadOptions {
  return heads.find(({ kind }) => classes[kind] !== undefined) ?? heads[0];
}
