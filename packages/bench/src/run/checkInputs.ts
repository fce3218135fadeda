/** Models and data of a plan, looked at once before the first cell: what is missing or damaged is one error. */
import { ConfigurationError, EnvironmentError, LeantuneError } from '@leantune/core';
import type { ConfigurationIssue } from '@leantune/core';
import { readModelConfig } from '@leantune/models';
import type { HeadOptions, ModelBlueprint } from '@leantune/models';
import { findModelConfig, loadTokenizer, openWeights, readJson, resolveCheckpoint } from '@leantune/models/node';
import { loadTask, type LoadedTask } from '@leantune/tasks';
import { promptsOf } from '../cell/scoreCell.js';
import { messages } from '../messages.js';
import type { Cell } from '../sweep/cells.js';
import type { MethodPlace } from '../sweep/methodPlaces.js';
import { checkMethods } from './checkMethods.js';
import type { Trial } from './checkMethods.js';

/**
 * `onWarning` gets a line for a model that random weights will stand in for.
 * @throws EnvironmentError or CorruptFileError for files; ConfigurationError for rows longer than a model takes and
 * methods that cannot be applied to one.
 */
export async function checkInputs(
  cells: readonly Cell[],
  placeOf: (method: string) => MethodPlace,
  onWarning: (line: string) => void,
): Promise<void> {
  const heads = new Map<string, HeadOptions>();
  for (const name of new Set(cells.map(({ config }) => config.task.name))) {
    const task = await readable(() => loadTask(name));
    checkTask(task, cells);
    heads.set(name, task.head);
  }
  const others = new Set(cells.flatMap(({ config }) => config.task.evaluate?.map(({ name }) => name) ?? []));
  for (const task of others) await readable(() => loadTask(task));
  const trials: Trial[] = [];
  const issues = new Map<string, ConfigurationIssue>();
  const models = new Set(cells.map(({ config }) => config.model));
  for (const model of models) {
    const checked = await readable(() => checkModel(model, onWarning));
    if (checked === undefined) continue;
    const { blueprint, standsIn } = checked;
    const positions = blueprint.maxPositions;
    for (const { config } of cells) {
      if (config.model !== model) continue;
      const { name, maxLength } = config.task;
      trials.push({ model, blueprint, head: heads.get(name)!, method: config.method, maxLength });
      if (standsIn || maxLength <= positions) continue;
      const expected = messages.positions(positions, model);
      const issue = { key: messages.maxLengthOf(name), message: messages.outOfRange(maxLength), expected };
      issues.set(JSON.stringify(issue), issue);
    }
  }
  const methodIssues = await checkMethods(trials, placeOf);
  if (issues.size > 0 || methodIssues.length > 0) {
    const remedies = [
      ...(issues.size > 0 ? [messages.maxLengthRemedy()] : []),
      ...(methodIssues.length > 0 ? [messages.methodOnModelRemedy()] : []),
    ];
    throw new ConfigurationError([...issues.values(), ...methodIssues], {
      code: 'LEANTUNE_SWEEP_INVALID',
      remedy: remedies.join('\n'),
    });
  }
}

/** Has rows to train on, and the templates and solved examples that its cells ask for. */
function checkTask(task: LoadedTask, cells: readonly Cell[]): void {
  void task.trainSplit; // throws where there is nothing to train on
  for (const { config } of cells) if (config.task.name === task.name) task.checkPrompts(promptsOf(config.task));
}

/** Opens every file of a model. Where random weights will stand in, its configuration alone, if that can be had. */
async function checkModel(
  model: string,
  onWarning: (line: string) => void,
): Promise<{ readonly blueprint: ModelBlueprint; readonly standsIn: boolean } | undefined> {
  try {
    const { files, folder } = await resolveCheckpoint(model);
    const blueprint = readModelConfig(await readJson(files.config), { file: files.config });
    await loadTokenizer(folder);
    await (await openWeights(files.weights)).close();
    return { blueprint, standsIn: false };
  } catch (error) {
    if (!(error instanceof EnvironmentError) || error.code !== 'LEANTUNE_CHECKPOINT_ABSENT') throw error;
    onWarning(messages.randomWeightsAhead(model, error.message, error.remedy));
    const found = await findModelConfig(model).catch(() => undefined);
    return found && { blueprint: readModelConfig(found.config, { file: found.file }), standsIn: true };
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
