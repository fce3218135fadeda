import { ConfigurationError, nearestName, type ConfigurationIssue } from '@leantune/core';
import { messages } from '../messages.js';
import { formatSpelling, parseSpelling, type MethodSpelling } from '../spelling/parse.js';
import { slots, type MethodDefinition, type Slot } from './method.js';
import { optionIssue } from './optionIssue.js';
import { getMethod, methodNames } from './registry.js';

/** A method with all its options, defaults included. */
export interface ResolvedMethod {
  readonly definition: MethodDefinition;
  readonly options: Readonly<Record<string, unknown>>;
}

/** A composition of methods that fit together. */
export interface MethodSpec {
  /** Canonical spelling, as given. */
  readonly spelling: string;
  readonly methods: readonly ResolvedMethod[];
}

/**
 * Resolves a spelling: known names, valid options, no two methods for one slot.
 * @throws UsageError for the syntax and an unknown name; ConfigurationError with several unknown names, or every wrong
 * option and clash, at once.
 */
export function parseMethodSpec(text: string): MethodSpec {
  const spellings = parseSpelling(text);
  const issues = unknownNames(spellings);
  // Alone it is an error of its own, with the list of all methods.
  if (issues.length === 1) getMethod(issues[0]!.key);
  if (issues.length > 0) throw new ConfigurationError(issues, { remedy: messages.listMethods() });
  const definitions = spellings.map(({ name }) => getMethod(name));
  const methods = definitions.map((definition, index) => resolveOptions(definition, spellings[index]!, issues));
  issues.push(...clashes(definitions));
  if (issues.length > 0) throw new ConfigurationError(issues, { remedy: messages.showMethod(definitions[0]!.name) });
  return { spelling: formatSpelling(spellings), methods };
}

function unknownNames(spellings: readonly MethodSpelling[]): ConfigurationIssue[] {
  const known = methodNames();
  const unknown = new Set(spellings.map(({ name }) => name).filter((name) => !known.includes(name)));
  return [...unknown].map((name) => {
    const nearest = nearestName(name, known);
    return {
      key: name,
      message: messages.noSuchMethod(),
      ...(nearest === undefined ? { expected: messages.oneOf(known) } : { nearest }),
    };
  });
}

function resolveOptions(
  definition: MethodDefinition,
  spelling: MethodSpelling,
  issues: ConfigurationIssue[],
): ResolvedMethod {
  const known = Object.keys(definition.options.shape);
  for (const key of Object.keys(spelling.options)) {
    if (known.includes(key)) continue;
    const nearest = nearestName(key, known);
    issues.push({
      key: `${definition.name}.${key}`,
      message: messages.unknownOption(),
      expected: known.length === 0 ? messages.noOptions() : messages.oneOf(known),
      ...(nearest === undefined ? {} : { nearest }),
    });
  }
  const given = Object.fromEntries(Object.entries(spelling.options).filter(([key]) => known.includes(key)));
  const parsed = definition.options.safeParse(given);
  if (parsed.success) return { definition, options: parsed.data };
  for (const issue of parsed.error.issues) issues.push(optionIssue(definition, issue, given));
  return { definition, options: {} };
}

function clashes(definitions: readonly MethodDefinition[]): ConfigurationIssue[] {
  return slots.flatMap((slot: Slot) => {
    const takers = definitions.filter((definition) => definition.slots.includes(slot)).map(({ name }) => name);
    return takers.length > 1 ? [{ key: takers.join('+'), message: messages.slotClash(slot, takers) }] : [];
  });
}
