import type { SavingPolicy } from '@leantune/core';
import type { z } from 'zod';
import { evaluateFormula, formulaNames } from './formula.js';

/** Tensors that one layer keeps for the backward pass. */
export interface KeptTensors {
  readonly what: string;
  /** How many numbers of 4 bytes they have under the policy `lean`; `0` where they are computed again. */
  readonly lean: string;
  /** The same under `pytorch`, where that is another number. */
  readonly pytorch?: string;
}

/**
 * What a method keeps for the backward pass, as formulas over `formulaSizes` and its numeric options. They hold for the
 * other options' defaults, on a BERT layer in float32 with dropout, or on an OPT layer where a method has no BERT.
 */
export interface LayerMemory {
  /** By how much one more layer raises `savedBytes`; empty where it does not. The battery measures it. */
  readonly layer: readonly KeptTensors[];
  /** What stands for options that the formulas name and that have no default. */
  readonly defaults?: Readonly<Record<string, number>>;
  /** What is kept besides however many layers there are, in words. */
  readonly once?: string;
}

/** The options that the formulas name, with their defaults. */
export function optionsOfMemory({ layer, defaults = {} }: LayerMemory, options: z.ZodObject): Record<string, number> {
  const standard: Readonly<Record<string, unknown>> = { ...options.parse({}), ...defaults };
  const names = new Set(layer.flatMap(({ lean, pytorch = lean }) => formulaNames(`${lean} ${pytorch}`)));
  return Object.fromEntries(
    [...names].filter((name) => name in options.shape).map((name) => [name, Number(standard[name])]),
  );
}

/** Bytes that a layer keeps. */
export function layerBytes(
  { layer }: LayerMemory,
  policy: SavingPolicy,
  values: Readonly<Record<string, number>>,
): number {
  const numbers = layer.map(({ lean, pytorch = lean }) => evaluateFormula(policy === 'lean' ? lean : pytorch, values));
  return 4 * numbers.reduce((sum, each) => sum + each, 0);
}
