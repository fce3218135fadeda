import { CorruptFileError, scope, tensorFrom, type Parameter } from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import { openWeights, readJson, saveSafetensors, writeFileAtomically } from '@leantune/models/node';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { insertLora, linearSites } from '../lora/lora.js';
import { isTargeted, parsePeftConfig, peftConfigOf, peftPrefix } from '../lora/peftConfig.js';
import { messages } from '../messages.js';

const configFile = 'adapter_config.json';
const weightsFile = 'adapter_model.safetensors';

/**
 * Applies a LoRA adapter that PEFT (or leantune) saved: reads `adapter_config.json`, inserts the updates and loads
 * `adapter_model.safetensors`, head included.
 * @throws CorruptFileError where a file is absent, damaged, or does not fit the model.
 */
export async function loadAdapter(model: TransformerModel, folder: string): Promise<void> {
  const file = join(folder, configFile);
  if (!existsSync(file)) throw corrupt(messages.adapterFileAbsent(file), file);
  const config = parsePeftConfig(await readJson(file), file);
  const targets = linearSites(model).filter((site) => isTargeted(site, config.targetModules));
  if (targets.length === 0) {
    const named = typeof config.targetModules === 'string' ? [config.targetModules] : config.targetModules;
    throw corrupt(messages.adapterNoTargets(file, named), file);
  }
  model.setTrained((name) => model.isHeadParameter(name));
  insertLora(targets, config, 0);
  await loadAdapterTensors(model, folder);
}

/** Loads the trained tensors of a PEFT folder into a model whose method is applied already. */
export async function loadAdapterTensors(model: TransformerModel, folder: string): Promise<void> {
  const file = join(folder, weightsFile);
  if (!existsSync(file)) throw corrupt(messages.adapterFileAbsent(file), file);
  const weights = await openWeights(file);
  try {
    for (const [name, parameter] of model.namedParameters()) {
      if (!parameter.requiresGrad) continue;
      const stored = peftPrefix + name;
      if (!weights.has(stored)) throw corrupt(messages.adapterTensorAbsent(file, stored), file);
      const { data, shape } = await weights.read(stored);
      if (shape.join() !== parameter.shape.join()) {
        throw corrupt(messages.adapterTensorShape(file, stored, parameter.shape, shape), file);
      }
      scope(() => parameter.assign(tensorFrom(data, shape)));
    }
  } finally {
    await weights.close();
  }
}

/** Saves what LoRA trained in PEFT's layout; both files appear whole or not at all. */
export async function saveAdapter(model: TransformerModel, folder: string): Promise<void> {
  const config = peftConfigOf(model);
  await mkdir(folder, { recursive: true });
  const tensors = [...model.namedParameters()]
    .filter(([, parameter]) => parameter.requiresGrad)
    .map(([name, parameter]) => [peftPrefix + name, hostCopy(parameter)] as const);
  await saveSafetensors(join(folder, weightsFile), Object.fromEntries(tensors));
  await writeFileAtomically(join(folder, configFile), [Buffer.from(`${JSON.stringify(config, null, 2)}\n`)]);
}

function hostCopy(parameter: Parameter) {
  return { dtype: 'float32' as const, shape: parameter.shape, data: Float32Array.from(parameter.read()) };
}

function corrupt(message: string, file: string): CorruptFileError {
  return new CorruptFileError(message, { code: 'LEANTUNE_ADAPTER', file, remedy: messages.adapterRemedy() });
}
