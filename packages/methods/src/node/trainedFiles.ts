import { CorruptFileError, scope, tensorFrom, trainedParameters, type HostArray } from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import { openWeights, readJson, saveSafetensors, writeFileAtomically } from '@leantune/models/node';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { applyMethods, type AppliedMethods } from '../contract/applyMethods.js';
import { messages } from '../messages.js';

const methodFile = 'method.json';
const weightsFile = 'trained.safetensors';

const methodSchema = z.looseObject({ method: z.string().min(1) });

/** Saves what any method trained, with its spelling; both files appear whole or not at all. */
export async function saveTrained(model: TransformerModel, { spec }: AppliedMethods, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const tensors = trainedParameters(model).map(([name, parameter]) => {
    const data = Float32Array.from(parameter.read());
    return [name, { dtype: 'float32' as const, shape: parameter.shape, data }] as const;
  });
  await saveSafetensors(join(folder, weightsFile), Object.fromEntries(tensors));
  const content = JSON.stringify({ method: spec.spelling }, null, 2);
  await writeFileAtomically(join(folder, methodFile), [Buffer.from(`${content}\n`)]);
}

/**
 * Applies the method that `saveTrained` wrote down and gives the model what was trained.
 * @throws CorruptFileError where a file is absent or damaged, or where it holds other tensors than the method trains in
 *   this model (which then has the method, with fresh values)
 */
export async function loadTrained(model: TransformerModel, folder: string): Promise<AppliedMethods> {
  const file = join(folder, methodFile);
  const weightsPath = join(folder, weightsFile);
  for (const path of [file, weightsPath]) if (!existsSync(path)) throw corrupt(messages.adapterFileAbsent(path), path);
  const parsed = methodSchema.safeParse(await readJson(file));
  if (!parsed.success) throw corrupt(messages.methodFileInvalid(file), file);
  const values = await readAll(weightsPath);
  const applied = applyMethods(model, parsed.data.method);
  const trained = trainedParameters(model);
  for (const [name, { shape }] of trained) {
    const found = values.get(name);
    if (found === undefined) throw corrupt(messages.adapterTensorAbsent(weightsPath, name), weightsPath);
    if (found.shape.join() !== shape.join()) {
      throw corrupt(messages.adapterTensorShape(weightsPath, name, shape, found.shape), weightsPath);
    }
  }
  const names = new Set(trained.map(([name]) => name));
  const unknown = [...values.keys()].filter((name) => !names.has(name));
  if (unknown.length > 0) throw corrupt(messages.adapterTensorUnknown(weightsPath, unknown), weightsPath);
  for (const [name, parameter] of trained) {
    scope(() => parameter.assign(tensorFrom(values.get(name)!.data, parameter.shape)));
  }
  return applied;
}

async function readAll(path: string): Promise<Map<string, HostArray>> {
  const weights = await openWeights(path);
  try {
    const values = new Map<string, HostArray>();
    for (const name of weights.names()) values.set(name, await weights.read(name));
    return values;
  } finally {
    await weights.close();
  }
}

function corrupt(message: string, file: string): CorruptFileError {
  return new CorruptFileError(message, {
    code: 'LEANTUNE_TRAINED',
    file,
    remedy: messages.methodFileRemedy(),
  });
}
