import { CorruptFileError, UsageError, scope, tensorFrom, type HostArray, type Parameter } from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import { openWeights, readJson, saveSafetensors, writeFileAtomically } from '@leantune/models/node';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messages } from '../messages.js';
import { peftConfigOf } from '../peft/describe.js';
import { storedName } from '../peft/names.js';
import { parsePeftConfig } from '../peft/parseConfig.js';
import { planAdapter } from '../peft/plan.js';
import { savedParameters } from '../peft/savedHead.js';
import {
  hasPrefixNetwork,
  hasPrompt,
  isPromptConfig,
  planPrompt,
  promptFiles,
  promptStoredName,
} from '../peft/prompt.js';
import { parametersWithoutPlace } from '../peft/withoutPlace.js';

const configFile = 'adapter_config.json';
const weightsFile = 'adapter_model.safetensors';

/**
 * Applies a LoRA, DoRA, (IA)³, prefix or prompt adapter that PEFT (or leantune) saved: reads `adapter_config.json`, inserts what it
 * describes and loads `adapter_model.safetensors`, head included. The base may be held in 4 bits. The model is changed once
 * everything is read and found to fit.
 * @throws CorruptFileError where a file is absent, damaged, or does not fit the model.
 */
export async function loadAdapter(model: TransformerModel, folder: string): Promise<void> {
  const file = join(folder, configFile);
  if (!existsSync(file)) throw corrupt(messages.adapterFileAbsent(file), file);
  const json = await readJson(file);
  if (isPromptConfig(json)) return loadPrompt(model, folder, planPrompt(model, json, file));
  const adapter = parsePeftConfig(json, file);
  const plan = planAdapter(model, adapter);
  if (plan.sites.length === 0) {
    const { targetModules } = adapter;
    const named = typeof targetModules === 'string' ? [targetModules] : targetModules;
    throw corrupt(messages.adapterNoTargets(file, named), file);
  }
  const values = await readTensors(folder, plan.tensors, storedName);
  plan.insert();
  assignAll(model, values);
}

async function loadPrompt(
  model: TransformerModel,
  folder: string,
  { tensors, insert }: ReturnType<typeof planPrompt>,
): Promise<void> {
  const values = await readTensors(folder, tensors, promptStoredName);
  insert();
  assignAll(model, values);
}

/**
 * Loads the trained tensors of a PEFT folder into a model whose method is applied already; all of them or none.
 * @throws CorruptFileError where the file is absent, damaged, or holds other tensors than would be saved.
 * @throws UsageError where a network makes the model's prefix: PEFT stores what it made.
 */
export async function loadAdapterTensors(model: TransformerModel, folder: string): Promise<void> {
  if (hasPrefixNetwork(model)) {
    throw new UsageError(messages.prefixNetworkNotStored(join(folder, weightsFile)), {
      code: 'LEANTUNE_PREFIX_NETWORK',
      remedy: messages.prefixNetworkRemedy(),
    });
  }
  const saved = savedParameters(model);
  const values = await readTensors(
    folder,
    saved.map(([name, { shape }]) => [name, shape] as const),
    hasPrompt(model) ? promptStoredName : storedName,
  );
  assignAll(model, values);
}

/** Reads exactly the tensors of the given names and shapes. */
async function readTensors(
  folder: string,
  expected: readonly (readonly [name: string, shape: readonly number[]])[],
  storedAs: (name: string) => string,
): Promise<Map<string, HostArray>> {
  const file = join(folder, weightsFile);
  if (!existsSync(file)) throw corrupt(messages.adapterFileAbsent(file), file);
  const weights = await openWeights(file);
  try {
    const values = new Map<string, HostArray>();
    for (const [name, shape] of expected) {
      const stored = storedAs(name);
      if (!weights.has(stored)) throw corrupt(messages.adapterTensorAbsent(file, stored), file);
      const found = weights.info(stored).shape;
      if (found.join() !== shape.join()) throw corrupt(messages.adapterTensorShape(file, stored, shape, found), file);
      values.set(name, await weights.read(stored));
    }
    const known = new Set([...values.keys()].map(storedAs));
    const unknown = weights.names().filter((stored) => !known.has(stored));
    if (unknown.length > 0) throw corrupt(messages.adapterTensorUnknown(file, unknown), file);
    return values;
  } finally {
    await weights.close();
  }
}

function assignAll(model: TransformerModel, values: ReadonlyMap<string, HostArray>): void {
  scope(() => {
    // All new values exist before the first old one goes.
    const fresh = [...model.namedParameters()].flatMap(([name, parameter]) => {
      const value = values.get(name);
      return value === undefined ? [] : [[parameter, tensorFrom(value.data, value.shape)] as const];
    });
    for (const [parameter, value] of fresh) parameter.assign(value);
  });
}

export interface SaveAdapterOptions {
  /** For a reader that pools as the model does of its own accord: saves also where PEFT's layout cannot say how. */
  readonly leavesOutPooling?: boolean;
}

/**
 * Saves what LoRA, DoRA, (IA)³, prefix or prompt tuning trained in PEFT's layout; both files appear whole or not at all.
 * @throws UsageError where nothing of the kind is trained, or something that this layout has no place for, or where the model
 *   does not pool as a plain one, which the layout cannot say.
 */
export async function saveAdapter(
  model: TransformerModel,
  folder: string,
  { leavesOutPooling = false }: SaveAdapterOptions = {},
): Promise<void> {
  const { config, tensors } = hasPrompt(model) ? promptFiles(model) : insertedFiles(model);
  refuseIncomplete(model);
  if (!leavesOutPooling) refusePooling(model);
  await mkdir(folder, { recursive: true });
  await saveSafetensors(join(folder, weightsFile), tensors);
  await writeFileAtomically(join(folder, configFile), [Buffer.from(`${JSON.stringify(config, null, 2)}\n`)]);
}

function insertedFiles(model: TransformerModel) {
  const config = peftConfigOf(model);
  const tensors = savedParameters(model).map(([name, parameter]) => [storedName(name), hostCopy(parameter)] as const);
  return { config, tensors: Object.fromEntries(tensors) };
}

/** A folder that lacks what is trained would open without a word as another model. */
function refuseIncomplete(model: TransformerModel): void {
  const names = parametersWithoutPlace(model);
  if (names.length === 0) return;
  throw new UsageError(messages.adapterLeavesOut(names), {
    code: 'LEANTUNE_ADAPTER_INCOMPLETE',
    remedy: messages.saveTrainedRemedy(),
  });
}

function refusePooling({ pooling }: TransformerModel): void {
  if (pooling === 'first') return;
  throw new UsageError(messages.adapterLosesPooling(pooling), {
    code: 'LEANTUNE_ADAPTER_POOLING',
    remedy: messages.adapterLosesPoolingRemedy(),
  });
}

function hostCopy(parameter: Parameter) {
  return { dtype: 'float32' as const, shape: parameter.shape, data: Float32Array.from(parameter.read()) };
}

function corrupt(message: string, file: string): CorruptFileError {
  return new CorruptFileError(message, { code: 'LEANTUNE_ADAPTER', file, remedy: messages.adapterRemedy() });
}
