/** Models and data of a plan, looked at once before the first cell: what is missing or damaged is one error. */
import { ConfigurationError, EnvironmentError, LeantuneError } from '@leantune/core';
import type { ConfigurationIssue } from '@leantune/core';
import { readModelConfig } from '@leantune/models';
import { loadTokenizer, openWeights, readJson, resolveCheckpoint } from '@leantune/models/node';
import { loadTask, type LoadedTask } from '@leantune/tasks';
import { promptsOf } from '../cell/scoreCell.js';
import { messages } from '../messages.js';
import type { Cell } from '../sweep/cells.js';

/**
 * `onWarning` gets a line for a model that random weights will stand in for.
 * @throws EnvironmentError or CorruptFileError for files; ConfigurationError for rows longer than a model takes.
 */
export async function checkInputs(cells: readonly Cell[], onWarning: (line: string) => void): Promise<void> {
  const tasks = new Set(cells.map(({ config }) => config.task.name));
  for (const task of tasks) await readable(async () => checkTask(await loadTask(task), cells));
  const others = new Set(cells.flatMap(({ config }) => config.task.evaluate?.map(({ name }) => name) ?? []));
  for (const task of others) await readable(() => loadTask(task));
  const issues = new Map<string, ConfigurationIssue>();
  const models = new Set(cells.map(({ config }) => config.model));
  for (const model of models) {
    const positions = await readable(() => checkModel(model, onWarning));
    for (const { config } of cells) {
      const { name, maxLength } = config.task;
      if (config.model !== model || positions === undefined || maxLength <= positions) continue;
      const expected = messages.positions(positions, model);
      const issue = { key: messages.maxLengthOf(name), message: messages.outOfRange(maxLength), expected };
      issues.set(JSON.stringify(issue), issue);
    }
  }
  if (issues.size > 0) {
    throw new ConfigurationError([...issues.values()], {
      code: 'LEANTUNE_SWEEP_INVALID',
      remedy: messages.maxLengthRemedy(),
    });
  }
}

/** Has rows to train on, and the templates and solved examples that its cells ask for. */
function checkTask(task: LoadedTask, cells: readonly Cell[]): void {
  void task.trainSplit; // throws where there is nothing to train on
  for (const { config } of cells) if (config.task.name === task.name) task.checkPrompts(promptsOf(config.task));
}

/** Opens every file of a model. Resolves to its positions, or to undefined where random weights will stand in. */
async function checkModel(model: string, onWarning: (line: string) => void): Promise<number | undefined> {
  try {
    const { files, folder } = await resolveCheckpoint(model);
    const { maxPositions } = readModelConfig(await readJson(files.config), { file: files.config });
    await loadTokenizer(folder);
    await (await openWeights(files.weights)).close();
    return maxPositions;
  } catch (error) {
    if (!(error instanceof EnvironmentError) || error.code !== 'LEANTUNE_CHECKPOINT_ABSENT') throw error;
    onWarning(messages.randomWeightsAhead(model, error.message, error.remedy));
    return undefined;
  }
}

/** Files that the system refuses to open are a matter of the environment, not a bug. */
async function readable<Value>(look: () => Promise<Value>): Promise<Value> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof LeantuneError || !(error instanceof Error) || !('syscall' in error)) throw error;
    throw new EnvironmentError(messages.unreadable(error.message), {
      code: 'LEANTUNE_INPUT_UNREADABLE',
      remedy: messages.unreadableRemedy(),
      cause: error,
    });
  }
}
