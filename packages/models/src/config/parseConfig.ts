import { ConfigurationError } from '@leantune/core';
import type { ConfigurationIssue } from '@leantune/core';
import { z } from 'zod';
import { configKeyInvalid, configKeyMissing, configNotAnObject, headsDoNotDivide } from '../messages.js';

/** Parts of schemas that configurations of Hugging Face share. */
export const size = z.int().positive();
/** More layers than any model has would only fill the memory. */
export const layerCount = size.max(10_000);
export const probability = z.number().min(0).max(1);
export const positive = z.number().positive();
export const tokenId = z.int().nonnegative();

/**
 * Reads the content of a `config.json` by `schema`. Keys that leantune does not know are allowed.
 * @throws ConfigurationError naming every key that is missing or wrong.
 */
export function parseConfig<Schema extends z.ZodType>(schema: Schema, json: unknown, file?: string): z.output<Schema> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const place = file === undefined ? {} : { file };
  throw new ConfigurationError(parsed.error.issues.map((issue) => ({ ...place, ...describe(issue, json) })));
}

/** @throws ConfigurationError where the padding token is outside the vocabulary. */
export function assertPadToken(padTokenId: number | undefined, vocabularySize: number, file?: string): void {
  if (padTokenId === undefined || padTokenId < vocabularySize) return;
  throw new ConfigurationError([
    {
      ...(file === undefined ? {} : { file }),
      key: 'pad_token_id',
      message: configKeyInvalid(padTokenId),
      expected: `less than vocab_size ${vocabularySize}`,
    },
  ]);
}

/** @throws ConfigurationError where the heads do not split the hidden features evenly. */
export function assertHeadsDivide(hiddenSize: number, heads: number, key: string, file?: string): void {
  if (hiddenSize % heads === 0) return;
  const place = file === undefined ? {} : { file };
  const message = headsDoNotDivide(hiddenSize, heads);
  throw new ConfigurationError([{ ...place, key, message, expected: 'a divisor of hidden_size' }]);
}

/** Turns one complaint of zod into ours: the key, what it holds and what it should. */
function describe(issue: z.core.$ZodIssue, json: unknown): ConfigurationIssue {
  const key = issue.path.join('.');
  if (key === '') return { key: 'config', message: configNotAnObject(json), expected: 'a JSON object' };
  const value = issue.path.reduce<unknown>((found, part) => (found as Record<PropertyKey, unknown>)[part], json);
  const message = value === undefined ? configKeyMissing() : configKeyInvalid(value);
  return { key, message, expected: expectation(issue) };
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return named(issue.expected);
  if (issue.code === 'not_multiple_of') return `a multiple of ${String(issue.divisor)}`;
  if (issue.code === 'too_small') return `${issue.inclusive ? 'at least' : 'more than'} ${String(issue.minimum)}`;
  if (issue.code === 'too_big') return `at most ${String(issue.maximum)}`;
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`;
  return issue.message;
}

function named(type: string): string {
  if (type === 'int') return 'a whole number';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}
