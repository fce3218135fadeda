import type { z } from 'zod';

/** What a schema found wrong with a part of a tokenizer.json, in one line: the keys, what was expected, what was found. */
export function invalidParts(error: z.ZodError): string {
  return error.issues.map((issue) => describe(issue)).join('; ');
}

function describe(issue: z.core.$ZodIssue): string {
  const key = issue.path.join('.');
  return key === '' ? expectation(issue) : `${key}: ${expectation(issue)}`;
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const alternatives = issue.errors.map((issues) => issues.map((each) => describe(each)).join('; '));
    return [...new Set(alternatives)].join(', or ');
  }
  // "Invalid input: expected string, received number" says the same twice.
  return issue.message
    .replace(/^Invalid [^:]*: /, '')
    .replace(', received ', ', found ')
    .replaceAll(/\s+/g, ' ');
}
