import type { TransformerModel } from '@leantune/models';
import type { z } from 'zod';
import type { LayerMemory } from '../memory/layerMemory.js';

/**
 * What a method decides about: `base` how frozen weights are held, `weights` what is trained and inserted, `tokens`
 * which rows are kept, `stack` how the blocks are run. A free slot has its plain value, so methods with different
 * slots compose.
 */
export const slots = ['base', 'weights', 'tokens', 'stack'] as const;

export type Slot = (typeof slots)[number];

export interface ApplyContext {
  /** Seed of the run: fresh parameters have streams of their own below it. */
  readonly seed: number;
  /** Longest input of the run in tokens, where it is known: options that cannot fit it are refused. */
  readonly maxLength?: number | undefined;
  /** Gets what a user should know of a run that goes on; default: the console. */
  readonly onWarning?: (message: string) => void;
}

/** What a method leaves behind besides a changed model. */
export interface AppliedMethod {
  /** Folds what was inserted into the base weights and removes it; absent where nothing can be merged. */
  readonly merge?: () => void;
}

/** That a method runs layers a second time in the backward pass. */
export interface Recomputation {
  /** What to do where a module cannot run again: a spelling that keeps what it needs, or an advice. */
  readonly remedy: string;
}

export interface MethodDefinition<Schema extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** One line for lists and pages. */
  readonly summary: string;
  /** Paper, section, and whose code it follows. */
  readonly reference: string;
  readonly slots: readonly Slot[];
  /** What a layer keeps for the backward pass, for its page; the battery measures it. */
  readonly memory?: LayerMemory;
  /** Types, defaults, ranges and a description of every option. */
  readonly options: Schema;
  /**
   * With these options layers run a second time in the backward pass, so that every module in them must be
   * deterministic; undefined where they do not. A method of the slot `stack` alone that leaves it out counts as one
   * that does, any other as one that does not.
   */
  recomputes?(options: z.output<Schema>): Recomputation | undefined;
  /** `true`, or why the method cannot be applied to this model. */
  supports(model: TransformerModel): true | string;
  /** Changes the model: wraps sites, freezes parameters, chooses tokens. */
  apply(model: TransformerModel, options: z.output<Schema>, context: ApplyContext): AppliedMethod;
}

/** Declares a method; its options are typed by their schema. */
export function defineMethod<Schema extends z.ZodObject>(definition: MethodDefinition<Schema>): MethodDefinition {
  return {
    ...definition,
    // The schema is checked before these are called, see `applyMethods`.
    ...(definition.recomputes !== undefined && {
      recomputes: (options) => definition.recomputes?.(options as z.output<Schema>),
    }),
    apply: (model, options, context) => definition.apply(model, options as z.output<Schema>, context),
  };
}
