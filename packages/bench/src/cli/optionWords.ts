/** Options as they are typed → values, and what is wrong with them: what commands with figures share. */
import { ConfigurationError, type ConfigurationIssue } from '@leantune/core';
import type { z } from 'zod';
import { messages } from '../messages.js';
import { zodIssues } from '../sweep/issues.js';

/** A word of the command line: the number that it writes, else the word as it is. */
export function numberOrText(word: string): number | string {
  return word.trim() !== '' && Number.isFinite(Number(word)) ? Number(word) : word;
}

/** Issues of options that a schema refused, each under the option's name, or what `placeOf` calls its key. */
export function optionIssues(
  schema: z.ZodType,
  error: z.ZodError,
  placeOf = (key: string): string => `--${key}`,
): ConfigurationIssue[] {
  return zodIssues(schema, error).map(({ path: _path, key, ...issue }) => ({ key: placeOf(key), ...issue }));
}

/** The error of a command whose options are wrong. */
export function invalidOptions(command: string, issues: readonly ConfigurationIssue[]): ConfigurationError {
  return new ConfigurationError(
    issues.map((issue) => ({ file: messages.commandLine(), ...issue })),
    { code: `LEANTUNE_${command.toUpperCase()}_INVALID`, remedy: messages.helpRemedy(command) },
  );
}
