import { UsageError } from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import { messages } from '../messages.js';
import type { AppliedMethod, ApplyContext } from './method.js';
import { guardRecomputation } from './recomputation.js';
import { parseMethodSpec, type MethodSpec } from './resolve.js';
import { slots } from './method.js';

/** A model after its methods. */
export interface AppliedMethods {
  readonly spec: MethodSpec;
  /** Folds inserted weights into the base; absent where no method of the spec can. */
  readonly merge?: () => void;
}

/**
 * Applies a composition to a model, slot by slot from the base weights up; without a method for `weights` all
 * parameters are trained. Nothing is changed if one of the methods does not support the model. Where layers run a second
 * time, what the methods put into them is looked through at the end: a model that is refused then is of no use.
 */
export function applyMethods(
  model: TransformerModel,
  spec: string | MethodSpec,
  context: ApplyContext = { seed: 0 },
): AppliedMethods {
  const resolved = typeof spec === 'string' ? parseMethodSpec(spec) : spec;
  for (const { definition } of resolved.methods) {
    const supported = definition.supports(model);
    if (supported !== true) {
      throw new UsageError(messages.notSupported(definition.name, model.architecture, supported), {
        code: 'LEANTUNE_METHOD_NOT_SUPPORTED',
      });
    }
  }
  const refuseWhatCannotRunAgain = guardRecomputation(model, resolved.methods);
  model.tokenSelector = undefined;
  model.evaluationArrangement = undefined;
  model.pooling = 'first';
  model.setTrained(() => true);
  const order = [...resolved.methods].sort((a, b) => firstSlot(a.definition.slots) - firstSlot(b.definition.slots));
  const applied: AppliedMethod[] = order.map(({ definition, options }) => definition.apply(model, options, context));
  refuseWhatCannotRunAgain();
  const merges = applied.flatMap(({ merge }) => (merge === undefined ? [] : [merge]));
  if (merges.length === 0) return { spec: resolved };
  return { spec: resolved, merge: () => merges.forEach((merge) => merge()) };
}

function firstSlot(taken: readonly (typeof slots)[number][]): number {
  return Math.min(...taken.map((slot) => slots.indexOf(slot)));
}
