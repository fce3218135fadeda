import { UsageError } from '@leantune/core';
import type { MethodSpec } from '../contract/resolve.js';
import { messages } from '../messages.js';
import { couplingOf } from './layers.js';
import type { MeftOptions, MeftVariant } from './options.js';

const variants: readonly string[] = ['meft1', 'meft2', 'meft3'] satisfies MeftVariant[];

/**
 * The same methods with ordinary gradients and the same factors: what a reversible gradient is compared with.
 * @throws UsageError where no method of the spec runs layers reversibly
 */
export function withOrdinaryGradient(spec: MethodSpec): MethodSpec {
  let found = false;
  const methods = spec.methods.map((method) => {
    const { name } = method.definition;
    const options = method.options as MeftOptions;
    if (!variants.includes(name) || options.gradient === 'vanilla') return method;
    found = true;
    const { lambda, beta } = couplingOf(name as MeftVariant, options);
    return { ...method, options: { ...options, lambda, beta, gradient: 'vanilla' as const } };
  });
  if (!found) {
    throw new UsageError(messages.nothingReversible(spec.spelling), {
      code: 'LEANTUNE_NOTHING_REVERSIBLE',
      remedy: messages.nothingReversibleRemedy(variants),
    });
  }
  return { ...spec, methods };
}
