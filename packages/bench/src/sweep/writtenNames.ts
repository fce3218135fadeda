/** Names as they stand in a sweep file, found even where the rest of the file is wrong: all problems come at once. */
import type { Registry, Resolved } from '../registry/registry.js';
import { unknownProblem } from '../registry/problems.js';
import { issueAt } from './issues.js';
import type { PathIssue } from './issues.js';

type Path = readonly (string | number)[];

/** A problem for every name in the file that no registry knows, at the place where it is written. */
export function writtenNameIssues(content: unknown, registry: Registry): PathIssue[] {
  const file = asRecord(content);
  const issues: PathIssue[] = [];
  const check = (path: Path, name: unknown, resolve: (name: string) => Resolved) => {
    if (typeof name !== 'string' || name === '') return;
    const resolved = resolve(name);
    if ('problem' in resolved) issues.push(issueAt(path, resolved.problem));
  };
  for (const [path, model] of entriesOf('models', file.models)) check(path, model, registry.resolveModel);
  for (const [path, task] of entriesOf('tasks', file.tasks)) {
    if (typeof task === 'string') check(path, task, registry.resolveTask);
    else check([...path, 'name'], asRecord(task).name, registry.resolveTask);
    const others = asRecord(task).evaluate;
    for (const [inner, other] of Array.isArray(others) ? entriesOf('evaluate', others) : []) {
      check([...path, ...inner, 'name'], asRecord(other).name, registry.resolveTask);
    }
  }
  for (const { path, spelling } of writtenMethods(content)) check(path, spelling, registry.resolveMethod);
  const known = registry.backendNames();
  for (const name of Object.keys(asRecord(file.backends))) {
    if (!known.includes(name)) issues.push(issueAt(['backends', name], unknownProblem('backend', name, known)));
  }
  return issues;
}

/** Every method as it is written, in any of the forms that an entry may have. */
export function writtenMethods(content: unknown): { readonly path: Path; readonly spelling: string }[] {
  return entriesOf('methods', asRecord(content).methods).flatMap(([path, entry]) => {
    if (typeof entry === 'string') return [{ path, spelling: entry }];
    const record = asRecord(entry);
    const keys = Object.keys(record);
    const key = keys.includes('method') ? 'method' : keys.length === 1 ? (keys[0] ?? '') : undefined;
    const spelling = key === 'method' ? record.method : key;
    return key === undefined || typeof spelling !== 'string' ? [] : [{ path: [...path, key], spelling }];
  });
}

/** The entries of a list, or the value itself where one may stand for a list. */
function entriesOf(key: string, value: unknown): [path: Path, entry: unknown][] {
  return Array.isArray(value) ? value.map((entry: unknown, index) => [[key, index], entry]) : [[[key], value]];
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
