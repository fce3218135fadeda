/** A sweep after parsing and validation: lists where the file allows short forms, names checked. */
import { messages } from '../messages.js';
import { unknownProblem } from '../registry/problems.js';
import type { Registry, Resolved } from '../registry/registry.js';
import { issueAt } from './issues.js';
import type { PathIssue } from './issues.js';
import { presetOf } from './presets.js';
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
    ...withPreset(file),
    models: [file.models].flat(),
    tasks: [file.tasks].flat().map((task) => ({
      ...(file.preset === undefined ? {} : presetOf(file.preset).task),
      ...(typeof task === 'string' ? { name: task } : task),
    })),
    methods: labelled(file.methods.map(normalizeMethod)),
    seeds: [file.seeds ?? (file.preset === undefined ? 0 : presetOf(file.preset).seeds)].flat(),
  };
}

/**
 * What the preset searches and notes. A list of the preset gives way to a value of the file; single settings come
 * with the cells, since some depend on the method.
 */
function withPreset(file: SweepFile): SweepFile {
  if (file.preset === undefined) return file;
  const { grid = {}, notes } = presetOf(file.preset);
  const searched = Object.entries(grid).filter(([key]) => !(key in file.training));
  return {
    ...file,
    grid: { ...Object.fromEntries(searched), ...file.grid },
    report: { ...file.report, notes: [...notes, ...file.report.notes] },
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

/** The sweep with canonical names, and a problem for every name that no registry knows and every label that repeats. */
export function resolveNames(
  sweep: Sweep,
  registry: Registry,
): { readonly sweep: Sweep; readonly issues: readonly PathIssue[] } {
  const issues: PathIssue[] = [];
  const settle = (path: readonly PropertyKey[], given: string, resolved: Resolved): string => {
    if ('name' in resolved) return resolved.name;
    issues.push(issueAt(path, resolved.problem));
    return given;
  };
  const backendNames = registry.backendNames();
  const models = sweep.models.map((name, index) => settle(['models', index], name, registry.resolveModel(name)));
  const tasks = sweep.tasks.map((task, index) => ({
    ...task,
    name: settle(['tasks', index, 'name'], task.name, registry.resolveTask(task.name)),
    ...(task.evaluate === undefined
      ? {}
      : {
          evaluate: task.evaluate.map((other, place) => ({
            ...other,
            name: settle(['tasks', index, 'evaluate', place, 'name'], other.name, registry.resolveTask(other.name)),
          })),
        }),
  }));
  const methods = sweep.methods.map((entry, index) => {
    if (sweep.methods.findIndex((other) => other.label === entry.label) < index) {
      issues.push(issueAt(['methods', index], { message: messages.labelTwice(entry.label) }));
    }
    return {
      ...entry,
      method: settle(['methods', index, 'method'], entry.method, registry.resolveMethod(entry.method)),
    };
  });
  for (const name of Object.keys(sweep.backends)) {
    if (!backendNames.includes(name)) {
      issues.push(issueAt(['backends', name], unknownProblem('backend', name, backendNames)));
    }
  }
  return { sweep: { ...sweep, models, tasks, methods }, issues };
}
