/** What a method's option schema says of each option, for lists, pages and errors. */
import { z } from 'zod';
import { messages } from '../messages.js';

export interface OptionFacts {
  readonly name: string;
  /** `integer`, `"mean" | "cls"`, `list | "all-linear"` */
  readonly type: string;
  /** `≥ 1`, `> 0, ≤ 1`; absent without bounds. */
  readonly range?: string;
  /** As JSON; absent where the option has none. */
  readonly standard?: string;
  readonly description?: string;
  /** What can be nearest to a value that is not possible. */
  readonly limits: readonly unknown[];
}

export function optionFacts(schema: z.ZodObject): OptionFacts[] {
  // JSON Schema is zod's own public description of a schema.
  const { properties } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties ?? {}).map(([name, option]) => {
    if (typeof option === 'boolean') return { name, type: 'any', limits: [] };
    const range = rangeOf(option);
    return {
      name,
      type: typeOf(option),
      limits: limitsOf(option),
      ...(range === undefined ? {} : { range }),
      ...(option.default === undefined ? {} : { standard: JSON.stringify(option.default) }),
      ...(option.description === undefined ? {} : { description: option.description }),
    };
  });
}

type OptionSchema = z.core.JSONSchema.BaseSchema;

/** Values at the edge of what is possible, and all of a list: one of them is nearest to a value that is not possible. */
function limitsOf(option: OptionSchema): unknown[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = option;
  const near = [
    ...(typeof exclusiveMinimum === 'number' ? [exclusiveMinimum + inside] : []),
    ...(typeof exclusiveMaximum === 'number' ? [exclusiveMaximum - inside] : []),
  ];
  const own = [minimum, maximum, option.const, ...(option.enum ?? []), ...near];
  return [...own.filter((value) => value !== undefined), ...(option.anyOf ?? []).flatMap(limitsOf)];
}

/** Beside a bound that is not possible itself no value is nearest: this far from it, one is told. */
const inside = 0.01;

function typeOf(option: OptionSchema): string {
  if (option.const !== undefined) return JSON.stringify(option.const);
  if (option.enum !== undefined) return option.enum.map((value) => JSON.stringify(value)).join(' | ');
  const branches = option.anyOf ?? [];
  if (branches.length > 0) return branches.map(typeOf).join(' | ');
  if (option.type === 'array') return messages.listType(option.minItems ?? 0);
  return [option.type ?? 'any'].flat().join(' | ');
}

function rangeOf({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: OptionSchema): string | undefined {
  const bounds = [
    ['≥', minimum],
    ['>', exclusiveMinimum],
    // Any integer that a double holds exactly is what zod means by an integer.
    ['≤', maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum],
    ['<', exclusiveMaximum],
  ] as const;
  const told = bounds.flatMap(([sign, bound]) =>
    bound === undefined || bound === Number.MIN_SAFE_INTEGER ? [] : [`${sign} ${bound}`],
  );
  return told.length === 0 ? undefined : told.join(', ');
}
