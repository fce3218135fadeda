/** A sweep after parsing and validation: lists where the file allows short forms, names checked. */
import { nearestName } from '@leantune/core';
import { messages } from '../messages.js';
import type { NamedEntry, NameProblem, Registry } from '../registry/registry.js';
import { issueAt } from './issues.js';
import type { PathIssue } from './issues.js';
import type { SweepFile } from './schema.js';

type MethodForm = SweepFile['methods'][number];
type SettingsForm = Exclude<MethodForm, string>;
type TaskForm = Exclude<Extract<SweepFile['tasks'], readonly unknown[]>[number], string>;

export interface SweepMethod extends Pick<
  Extract<SettingsForm, { method: string }>,
  'training' | 'saving' | 'dropout'
> {
  readonly method: string;
  readonly label: string;
}

export type SweepTask = TaskForm;

export interface Sweep extends Omit<SweepFile, 'models' | 'tasks' | 'methods' | 'seeds'> {
  readonly models: readonly string[];
  readonly tasks: readonly SweepTask[];
  readonly methods: readonly SweepMethod[];
  readonly seeds: readonly number[];
}

/** Short forms written out. */
export function normalizeSweep(file: SweepFile): Sweep {
  return {
    ...file,
    models: [file.models].flat(),
    tasks: [file.tasks].flat().map((task) => (typeof task === 'string' ? { name: task } : task)),
    methods: labelled(file.methods.map(normalizeMethod)),
    seeds: [file.seeds].flat(),
  };
}

type UnlabelledMethod = Omit<SweepMethod, 'label'> & { readonly label?: string | undefined };

function normalizeMethod(entry: MethodForm): UnlabelledMethod {
  if (typeof entry === 'string') return { method: entry };
  if (isLongForm(entry)) return entry;
  const [method, training] = Object.entries(entry)[0] ?? ['', {}];
  return { method, training };
}

function isLongForm(entry: SettingsForm): entry is Extract<SettingsForm, { method: string }> {
  return typeof entry.method === 'string';
}

/** Gives every entry a label of its own: the method's names, or the whole spelling where names repeat. */
export function labelled(entries: readonly UnlabelledMethod[]): SweepMethod[] {
  const short = entries.map((entry) => entry.label ?? methodNamesOf(entry.method));
  return entries.map((entry, index) => {
    const label = short[index] ?? entry.method;
    const repeated = short.filter((other) => other === label).length > 1;
    return { ...entry, label: repeated && entry.label === undefined ? entry.method : label };
  });
}

/** `lora(rank=8)+tokentune(tokens=16)` → `lora+tokentune` */
export function methodNamesOf(spelling: string): string {
  return spelling.replace(/\([^()]*\)/g, '').replaceAll(' ', '');
}

/** All names that no registry knows and all labels that stand twice. */
export function nameIssues(sweep: Sweep, registry: Registry, backendNames: readonly string[]): PathIssue[] {
  const issues: PathIssue[] = [];
  const add = (path: readonly PropertyKey[], problem: NameProblem | undefined) => {
    if (problem !== undefined) issues.push(issueAt(path, problem));
  };
  sweep.models.forEach((name, index) => add(['models', index], unknownName('model', name, registry.models())));
  sweep.tasks.forEach((task, index) => add(['tasks', index, 'name'], unknownName('task', task.name, registry.tasks())));
  sweep.methods.forEach((entry, index) => {
    add(['methods', index, 'method'], registry.checkMethod(entry.method));
    if (sweep.methods.findIndex((other) => other.label === entry.label) < index) {
      add(['methods', index], { message: messages.labelTwice(entry.label) });
    }
  });
  for (const name of Object.keys(sweep.backends)) {
    if (!backendNames.includes(name)) add(['backends', name], unknown('backend', name, backendNames));
  }
  return issues;
}

function unknownName(kind: string, name: string, known: readonly NamedEntry[]): NameProblem | undefined {
  const names = known.map((entry) => entry.name);
  return names.includes(name) ? undefined : unknown(kind, name, names);
}

/** Problem of a name outside `known`: with the nearest one, or with all of them. */
export function unknown(kind: string, name: string, known: readonly string[]): NameProblem {
  const nearest = nearestName(name, known);
  return {
    message: messages.unknownName(kind, name),
    ...(nearest === undefined ? { expected: messages.oneOf(known) } : { nearest }),
  };
}
