import type { Parameter } from '@leantune/core';
import type { TransformerModel } from '@leantune/models';

/** Which parts of a task head stand in an adapter's file, as PEFT 0.21 decides it from `modules_to_save`. */

/** What PEFT adds to `modules_to_save` of its own accord. */
const impliedModules: Readonly<Record<string, readonly string[]>> = {
  SEQ_CLS: ['classifier', 'score'],
  TOKEN_CLS: ['classifier', 'score'],
  QUESTION_ANS: ['qa_outputs'],
};

/** Names of modules that PEFT trains whole under a configuration; older files leave its own additions out. */
export function allModulesToSave(
  modulesToSave: readonly string[] | null | undefined,
  taskType: unknown,
): readonly string[] {
  const implied = typeof taskType === 'string' ? (impliedModules[taskType] ?? []) : [];
  return [...new Set([...(modulesToSave ?? []), ...implied])];
}

/** Whether these names take a parameter of the head: PEFT takes any end of a module's path, not only whole names. */
export function savesHead(model: TransformerModel, modulesToSave: readonly string[]): (name: string) => boolean {
  return (name) => model.isHeadParameter(name) && modulesAbove(name).some((path) => endsWithAny(path, modulesToSave));
}

/** What of the head is trained, for `modules_to_save`: the largest modules that are trained whole; null for none. */
export function trainedHeadModules(model: TransformerModel): readonly string[] | null {
  const head = [...model.namedParameters()].filter(([name]) => model.isHeadParameter(name));
  const modules = model.headNames.flatMap((name) => trainedModules(name, head));
  return modules.length === 0 ? null : modules;
}

function trainedModules(path: string, head: readonly NamedParameter[]): readonly string[] {
  const inside = head.filter(([name]) => name.startsWith(`${path}.`));
  const trained = inside.filter(([, { requiresGrad }]) => requiresGrad);
  if (trained.length === 0) return [];
  const rests = trained.map(([name]) => name.slice(path.length + 1));
  // A file holds modules whole, those too that train one parameter only.
  if (trained.length === inside.length || rests.some((rest) => !rest.includes('.'))) return [path];
  const children = new Set(rests.map((rest) => rest.slice(0, rest.indexOf('.'))));
  return [...children].flatMap((child) => trainedModules(`${path}.${child}`, head));
}

/** What an adapter's file holds: all that is trained, and what else of the head `modules_to_save` takes. */
export function savedParameters(model: TransformerModel): readonly NamedParameter[] {
  const saves = savesHead(model, trainedHeadModules(model) ?? []);
  return [...model.namedParameters()].filter(([name, { requiresGrad }]) => requiresGrad || saves(name));
}

/** Whether the file holds everything that PEFT looks for in a task of this type. */
export function holdsHeadOf(model: TransformerModel, taskType: string): boolean {
  const implied = savesHead(model, allModulesToSave(null, taskType));
  const saved = savesHead(model, trainedHeadModules(model) ?? []);
  return [...model.namedParameters()].every(([name]) => !implied(name) || saved(name));
}

type NamedParameter = readonly [name: string, parameter: Parameter];

/** Paths of the modules that a parameter lies in, outermost first. */
function modulesAbove(name: string): readonly string[] {
  const parts = name.split('.');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('.'));
}

function endsWithAny(path: string, ends: readonly string[]): boolean {
  return ends.some((end) => path.endsWith(end));
}
