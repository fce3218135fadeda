import { UsageError, nearestName } from '@leantune/core';
import { messages } from '../messages.js';
import { builtInTasks } from '../tasks/index.js';
import type { TaskDeclaration } from './declaration.js';

const tasks = new Map<string, TaskDeclaration>();
const namesBySpelling = new Map<string, string>();

/** Makes a task known under its name and aliases. Throws UsageError where one of them is taken. */
export function registerTask(declaration: TaskDeclaration): void {
  const spellings = [declaration.name, ...(declaration.aliases ?? [])];
  const taken = spellings.find((spelling) => namesBySpelling.has(spelling));
  if (taken !== undefined) {
    throw new UsageError(messages.taskNameTaken(taken, namesBySpelling.get(taken)!), {
      code: 'LEANTUNE_TASK_NAME_TAKEN',
    });
  }
  tasks.set(declaration.name, declaration);
  for (const spelling of spellings) namesBySpelling.set(spelling, declaration.name);
}

for (const declaration of builtInTasks) registerTask(declaration);

/** Names of all registered tasks, in the order of their registration; aliases are not among them. */
export function taskNames(): string[] {
  return [...tasks.keys()];
}

/** The task of that name or alias, in any case. Throws UsageError with the nearest name where there is none. */
export function getTask(name: string): TaskDeclaration {
  const task = tasks.get(namesBySpelling.get(name.toLowerCase()) ?? '');
  if (task !== undefined) return task;
  throw new UsageError(messages.unknownTask(name, nearestName(name, [...namesBySpelling.keys()])), {
    code: 'LEANTUNE_UNKNOWN_TASK',
    remedy: messages.knownNames('tasks', taskNames()),
  });
}
