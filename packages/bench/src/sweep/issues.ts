/** Turns zod's issues into problems of a configuration: key path, what was expected, nearest key. */
import { nearestName } from '@leantune/core';
import type { ConfigurationIssue } from '@leantune/core';
import type { z } from 'zod';
import { messages } from '../messages.js';
import { keysAt } from './schemaKeys.js';

type ZodIssue = z.core.$ZodIssue;

/** A problem with the path of the value (or of the unknown key) that caused it. */
export interface PathIssue extends ConfigurationIssue {
  readonly path: readonly PropertyKey[];
}

/** Problem at a path that no schema can know, such as an unknown name. */
export function issueAt(path: readonly PropertyKey[], issue: Omit<ConfigurationIssue, 'key'>): PathIssue {
  return { path, key: formatPath(path), ...issue };
}

/** `methods[2].training.learningRate` */
export function formatPath(path: readonly PropertyKey[]): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return text.replace(/^\./, '') || '(whole file)';
}

export function zodIssues(schema: z.ZodType, error: z.ZodError): PathIssue[] {
  return error.issues.flatMap((issue) => convert(schema, issue, []));
}

function convert(schema: z.ZodType, issue: ZodIssue, prefix: readonly PropertyKey[]): PathIssue[] {
  const path = [...prefix, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysAt(schema, path);
      return issue.keys.map((key) => {
        const nearest = nearestName(key, known);
        const hint = nearest === undefined ? { expected: messages.oneOf(known) } : { nearest };
        return issueAt([...path, key], { message: messages.unknownKey(), ...hint });
      });
    }
    case 'invalid_union':
      return convertUnion(schema, issue, path);
    case 'invalid_type':
      return [
        issue.input === undefined && issue.message.endsWith('received undefined')
          ? issueAt(path, { message: messages.missingKey(), expected: issue.expected })
          : issueAt(path, { message: messages.wrongType(issue.input), expected: issue.expected }),
      ];
    case 'invalid_value':
      return [valueIssue(path, issue.input, issue.values.map(String))];
    case 'too_small':
      return [
        issueAt(path, {
          message: messages.outOfRange(issue.input),
          expected: bound(issue.inclusive === false ? '>' : '>=', issue),
        }),
      ];
    case 'too_big':
      return [
        issueAt(path, {
          message: messages.outOfRange(issue.input),
          expected: bound(issue.inclusive === false ? '<' : '<=', issue),
        }),
      ];
    default:
      return [issueAt(path, { message: issue.message })];
  }
}

function valueIssue(path: readonly PropertyKey[], input: unknown, values: readonly string[]): PathIssue {
  const nearest = typeof input === 'string' ? nearestName(input, values) : undefined;
  return issueAt(path, {
    message: messages.wrongValue(input),
    expected: messages.oneOf(values),
    ...(nearest === undefined ? {} : { nearest }),
  });
}

function bound(sign: string, issue: { origin: string; minimum?: number | bigint; maximum?: number | bigint }): string {
  const limit = String(issue.minimum ?? issue.maximum);
  return issue.origin === 'array' ? messages.entries(sign, limit) : `${sign} ${limit}`;
}

/** Reports the branch that came closest: one that accepts the value's type, then the one with fewest problems. */
function convertUnion(
  schema: z.ZodType,
  issue: Extract<ZodIssue, { code: 'invalid_union' }>,
  path: readonly PropertyKey[],
): PathIssue[] {
  const scored = issue.errors.map((branch) => {
    const wrongShape = branch.some((inner) => inner.path.length === 0 && inner.code === 'invalid_type');
    const missing = branch.filter(
      (inner) => inner.code === 'invalid_type' && inner.message.endsWith('undefined'),
    ).length;
    return { branch, score: (wrongShape ? 1000 : 0) + 10 * missing + branch.length };
  });
  const best = scored.sort((a, b) => a.score - b.score)[0];
  if (best === undefined) {
    // A union told apart by one key, such as the optimizer's name: zod lists the values in its message only.
    const values = [...issue.message.matchAll(/'([^']+)'/g)].map((match) => match[1] ?? '');
    const input = typeof issue.input === 'object' && issue.input !== null ? issue.input : {};
    const key = path.at(-1);
    return [valueIssue(path, key === undefined ? undefined : (input as Record<PropertyKey, unknown>)[key], values)];
  }
  if (best.score >= 1000) {
    const types = issue.errors.flatMap((branch) =>
      branch.flatMap((inner) => (inner.code === 'invalid_type' ? [inner.expected] : [])),
    );
    return [issueAt(path, { message: messages.wrongType(issue.input), expected: [...new Set(types)].join(' or ') })];
  }
  return best.branch.flatMap((inner) => convert(schema, inner, path));
}
