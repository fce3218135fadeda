import { nearestName } from '@leantune/core';
import { messages } from '../messages.js';
import type { NameProblem } from './registry.js';

/** Problem of a name outside `known`: with the nearest one, or with all of them. */
export function unknownProblem(kind: string, name: string, known: readonly string[]): NameProblem {
  const nearest = nearestName(name, known);
  return {
    message: messages.unknownName(kind, name),
    ...(nearest === undefined ? { expected: messages.oneOf(known) } : { nearest }),
  };
}
