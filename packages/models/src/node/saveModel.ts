import { UsageError } from '@leantune/core';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as messages from '../messages.js';
import type { WritableTensor } from '../safetensors/writer.js';
import { headSize } from '../transformer/head.js';
import type { TransformerModel } from '../transformer/model.js';
import { writeFileAtomically } from './atomicFile.js';
import { saveSafetensors } from './openWeights.js';

/**
 * Saves a whole model as Python's `from_pretrained` reads it: `config.json` and `model.safetensors` (float32, Hugging
 * Face's names). The weights come first, so that a folder with a configuration is complete.
 * @throws UsageError where an adapter stands in the model: its tensors have no name in a plain checkpoint.
 */
export async function saveModel(model: TransformerModel, folder: string): Promise<void> {
  const inserted = model.sites.find((site) => site.isWrapped);
  if (inserted !== undefined) {
    throw new UsageError(messages.modelHoldsAdapter(inserted.path), {
      code: 'LEANTUNE_ADAPTER_IN_MODEL',
      remedy: messages.remedyMergeFirst(),
    });
  }
  await mkdir(folder, { recursive: true });
  const tensors = Object.fromEntries(
    [...model.namedParameters(), ...model.namedBuffers()].map(([name, parameter]): [string, WritableTensor] => [
      name,
      { dtype: 'float32', shape: parameter.shape, data: Float32Array.from(parameter.read()) },
    ]),
  );
  await saveSafetensors(join(folder, 'model.safetensors'), tensors);
  const config = configurationOf(model);
  await writeFileAtomically(join(folder, 'config.json'), [Buffer.from(`${JSON.stringify(config, null, 2)}\n`)]);
}

/** The configuration that the model was built from, for the head that it has now. */
function configurationOf({ architecture, configuration, head }: TransformerModel): Record<string, unknown> {
  // Names of classes belong to the head that the configuration came with.
  const { id2label: _names, label2id: _indices, ...kept } = configuration;
  const labels = headSize(head);
  const counted = head.kind === 'classification' || head.kind === 'regression';
  return { ...kept, architectures: [architecture], torch_dtype: 'float32', ...(counted ? { num_labels: labels } : {}) };
}
