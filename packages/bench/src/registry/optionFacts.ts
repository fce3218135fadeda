/** What a method's option schema says of each option, for lists and pages. */
import { z } from 'zod';

export interface OptionFacts {
  readonly name: string;
  /** `integer`, `"mean" | "cls"`, `array | "all-linear"` */
  readonly type: string;
  /** `≥ 1`, `> 0, ≤ 1`; absent without bounds. */
  readonly range?: string;
  /** As JSON; absent where the option has none. */
  readonly standard?: string;
  readonly description?: string;
}

export function optionFacts(schema: z.ZodObject): OptionFacts[] {
  // JSON Schema is zod's own public description of a schema.
  const { properties } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties ?? {}).map(([name, option]) => {
    if (typeof option === 'boolean') return { name, type: 'any' };
    const range = rangeOf(option);
    return {
      name,
      type: typeOf(option),
      ...(range === undefined ? {} : { range }),
      ...(option.default === undefined ? {} : { standard: JSON.stringify(option.default) }),
      ...(option.description === undefined ? {} : { description: option.description }),
    };
  });
}

type OptionSchema = z.core.JSONSchema.BaseSchema;

function typeOf(option: OptionSchema): string {
  if (option.const !== undefined) return JSON.stringify(option.const);
  if (option.enum !== undefined) return option.enum.map((value) => JSON.stringify(value)).join(' | ');
  const branches = option.anyOf ?? [];
  return branches.length > 0 ? branches.map(typeOf).join(' | ') : [option.type ?? 'any'].flat().join(' | ');
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
