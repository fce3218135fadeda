/** Models and data of a plan, looked at once before the first cell: what is missing or damaged is one error. */
import { ConfigurationError, EnvironmentError, LeantuneError } from '@leantune/core';
import type { ConfigurationIssue } from '@leantune/core';
import { chooseHead, readModelConfig } from '@leantune/models';
import type { HeadOptions, ModelBlueprint } from '@leantune/models';
import {
  findModelConfig,
  loadImageProcessor,
  loadTokenizer,
  openWeights,
  readJson,
  resolveCheckpoint,
} from '@leantune/models/node';
import { loadTask, type LoadedTask } from '@leantune/tasks';
import type { CellConfig } from '../cell/contract.js';
import { longestInput, promptsOf } from '../cell/scoreCell.js';
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
  const tasks = new Map<string, LoadedTask>();
  for (const name of new Set(cells.flatMap(({ config: { task } }) => [task, ...(task.evaluate ?? [])].map(nameOf)))) {
    tasks.set(name, await readable(() => loadTask(name)));
  }
  for (const { config } of cells) void tasks.get(config.task.name)!.trainSplit; // throws where there is nothing to train on
  const trials: Trial[] = [];
  const inputIssues = new Map<string, ConfigurationIssue>();
  const issues = new Map<string, ConfigurationIssue>();
  const models = new Set(cells.map(({ config }) => config.model));
  for (const model of models) {
    const checked = await readable(() => checkModel(model, onWarning));
    for (const { config } of cells) {
      if (config.model !== model) continue;
      const { name } = config.task;
      const { heads } = tasks.get(name)!;
      const head = checked === undefined ? heads[0] : chooseHead(checked.blueprint, heads);
      checkTasks(config.task, head, tasks);
      if (checked === undefined) continue;
      const { blueprint, standsIn } = checked;
      const positions = blueprint.maxPositions;
      const unreadable = [config.task, ...(config.task.evaluate ?? [])].flatMap((task) =>
        otherInput(tasks.get(task.name)!, model, blueprint),
      );
      for (const problem of unreadable) inputIssues.set(JSON.stringify(problem), problem);
      if (unreadable.length > 0) continue;
      const maxLength = longestInput(tasks.get(name)!, positions, config.task);
      trials.push({ model, blueprint, head, method: config.method, maxLength });
      if (standsIn || maxLength <= positions) continue;
      const expected = messages.positions(positions, model);
      const issue = { key: messages.maxLengthOf(name), message: messages.outOfRange(maxLength), expected };
      issues.set(JSON.stringify(issue), issue);
    }
  }
  const methodIssues = await checkMethods(trials, placeOf);
  if (inputIssues.size > 0 || issues.size > 0 || methodIssues.length > 0) {
    const remedies = [
      ...(inputIssues.size > 0 ? [messages.otherInputRemedy()] : []),
      ...(issues.size > 0 ? [messages.maxLengthRemedy()] : []),
      ...(methodIssues.length > 0 ? [messages.methodOnModelRemedy()] : []),
    ];
    throw new ConfigurationError([...inputIssues.values(), ...issues.values(), ...methodIssues], {
      code: 'LEANTUNE_SWEEP_INVALID',
      remedy: remedies.join('\n'),
    });
  }
}

/**
 * The trained task and those that are scored besides: learnt with that head, and with the templates and solved examples
 * that the cell asks for.
 */
function checkTasks(
  { evaluate = [], ...trained }: CellConfig['task'],
  head: HeadOptions,
  tasks: ReadonlyMap<string, LoadedTask>,
): void {
  for (const settings of [trained, ...evaluate]) {
    tasks.get(settings.name)!.withHead(head).checkPrompts(promptsOf(settings));
  }
}

/** A task of images on a model of texts, or the other way round. */
function otherInput({ name, reads }: LoadedTask, model: string, { image }: ModelBlueprint): ConfigurationIssue[] {
  const read = image === undefined ? 'text' : 'images';
  return read === reads ? [] : [{ key: messages.task(name), message: messages.otherInput(reads, model, read) }];
}

const nameOf = ({ name }: { readonly name: string }): string => name;

/** Opens every file of a model. Where random weights will stand in, its configuration alone, if that can be had. */
async function checkModel(
  model: string,
  onWarning: (line: string) => void,
): Promise<{ readonly blueprint: ModelBlueprint; readonly standsIn: boolean } | undefined> {
  try {
    const { files, folder } = await resolveCheckpoint(model);
    const blueprint = readModelConfig(await readJson(files.config), { file: files.config });
    if (blueprint.image === undefined) await loadTokenizer(folder);
    else await loadImageProcessor(folder, blueprint.image);
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
