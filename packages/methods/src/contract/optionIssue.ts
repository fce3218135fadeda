/** A problem that zod finds in a method's options, in plain words with the nearest possible value. */
import { nearestName, type ConfigurationIssue } from '@leantune/core';
import type { z } from 'zod';
import { messages } from '../messages.js';
import type { MethodDefinition } from './method.js';
import { optionFacts } from './optionFacts.js';

export function optionIssue(
  { name, options }: MethodDefinition,
  issue: z.core.$ZodIssue,
  given: Readonly<Record<string, unknown>>,
): ConfigurationIssue {
  const [option, ...inside] = issue.path.map(String);
  if (option === undefined) return { key: name, message: issue.message };
  const key = `${name}.${option}${inside.map((index) => `[${index}]`).join('')}`;
  const value = inside.reduce((whole, index) => (whole as Record<string, unknown> | undefined)?.[index], given[option]);
  const message = messageOf(issue, value);
  // What a method says itself names what it expects.
  if (message === undefined) return { key, message: issue.message };
  const facts = optionFacts(options).find((each) => each.name === option);
  if (facts === undefined || inside.length > 0) return { key, message, ...elementHints(issue, value) };
  const { type, range, limits, description } = facts;
  const possible = (candidate: unknown) => (options.shape[option] as z.ZodType).safeParse(candidate).success;
  const nearest = typeof value === 'number' ? nearestNumber(value, limits, possible) : nearestWord(value, limits);
  return {
    key,
    message,
    expected: messages.optionExpected(type, range, issue.code === 'invalid_union' ? description : undefined),
    ...(nearest === undefined ? {} : { nearest }),
  };
}

/** Undefined where the method's own check has words of its own. */
function messageOf(issue: z.core.$ZodIssue, value: unknown): string | undefined {
  if (value === undefined) return messages.optionMissing();
  switch (issue.code) {
    case 'invalid_type':
      return messages.optionType(value);
    case 'too_small':
    case 'too_big':
      return messages.optionRange(value);
    case 'invalid_value':
    case 'invalid_union':
      return messages.optionValue(value);
    default:
      return undefined;
  }
}

/** Of an entry of a list zod knows more than the option's own line. */
function elementHints(issue: z.core.$ZodIssue, value: unknown): Pick<ConfigurationIssue, 'expected' | 'nearest'> {
  if (issue.code === 'invalid_type') return { expected: issue.expected };
  if (issue.code !== 'invalid_value') return {};
  const nearest = nearestWord(value, issue.values);
  return {
    expected: messages.oneOf(issue.values.map(String)),
    ...(nearest === undefined ? {} : { nearest }),
  };
}

function nearestNumber(
  value: number,
  limits: readonly unknown[],
  possible: (candidate: unknown) => boolean,
): string | undefined {
  const candidates = [Math.round(value), ...limits].filter((candidate) => typeof candidate === 'number');
  const distance = (candidate: number) => Math.abs(candidate - value);
  const [nearest] = candidates.filter(possible).sort((a, b) => distance(a) - distance(b));
  return nearest === undefined ? undefined : String(nearest);
}

function nearestWord(value: unknown, words: readonly unknown[]): string | undefined {
  if (typeof value !== 'string') return undefined;
  return nearestName(
    value,
    words.filter((word) => typeof word === 'string'),
  );
}
