import { UsageError } from '@leantune/core';
import type { LayerStack, StackRunner, TransformerModel } from '@leantune/models';
import { messages } from '../messages.js';
import type { Recomputation } from './method.js';
import type { ResolvedMethod } from './resolve.js';

/** A method that runs layers a second time in the backward pass. */
interface Recomputing extends Recomputation {
  readonly method: string;
}

/** Runners that recompute: another method may come to the same model later. */
const recomputingRunners = new WeakMap<StackRunner, Recomputing>();

/**
 * Where layers run a second time, a module that is not deterministic would get a wrong gradient: looks through the model
 * before methods change it, and gives what looks again after all of them, whatever their order.
 * @throws UsageError naming the first such module; so does what it gives
 */
export function guardRecomputation(model: TransformerModel, methods: readonly ResolvedMethod[]): () => void {
  const recomputing = recomputingOf(methods);
  const runners = new Set(model.stacks.map(({ runner }) => runner));
  if (recomputing !== undefined) for (const stack of model.stacks) assertDeterministic(stack, recomputing);
  return () => {
    for (const stack of model.stacks) {
      const { runner } = stack;
      if (recomputing !== undefined && !runners.has(runner)) recomputingRunners.set(runner, recomputing);
      const running = recomputing ?? recomputingRunners.get(runner);
      if (running !== undefined) assertDeterministic(stack, running);
    }
  };
}

function recomputingOf(methods: readonly ResolvedMethod[]): Recomputing | undefined {
  for (const { definition, options } of methods) {
    const { name, slots } = definition;
    // Only how the blocks are run is left to such a method: without a word of its own it counts as one that recomputes.
    const standard = slots.every((slot) => slot === 'stack') ? { remedy: messages.leaveOut(name) } : undefined;
    const recomputation = definition.recomputes === undefined ? standard : definition.recomputes(options);
    if (recomputation !== undefined) return { ...recomputation, method: name };
  }
  return undefined;
}

/** Numbers drawn anew when a layer runs again are not those that its output was made of. */
function assertDeterministic(stack: LayerStack, { method, remedy }: Recomputing): void {
  for (const module of stack.modules()) {
    if (module.isDeterministic) continue;
    throw new UsageError(messages.notDeterministic(method, module.path), {
      code: 'LEANTUNE_NOT_DETERMINISTIC',
      remedy,
    });
  }
}
