import { Embedding, LayerNorm, Linear, UsageError, type AnyModule } from '@leantune/core';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BertConfig } from '../bert/config.js';
import type { BertForSequenceClassification } from '../bert/sequenceClassification.js';
import * as messages from '../messages.js';
import type { WritableTensor } from '../safetensors/writer.js';
import { writeFileAtomically } from './atomicFile.js';
import { saveSafetensors } from './openWeights.js';

/**
 * Saves a whole model as Python's `from_pretrained` reads it: `config.json` and `model.safetensors` (float32, Hugging
 * Face's names). The weights come first, so that a folder with a configuration is complete.
 * @throws UsageError where an adapter stands in the model: its tensors have no name in a plain checkpoint.
 */
export async function saveModel(model: BertForSequenceClassification, folder: string): Promise<void> {
  const inserted = model.sites.filter(({ module }) => !isPlain(module));
  if (inserted.length > 0) {
    throw new UsageError(messages.modelHoldsAdapter(inserted[0]!.path), {
      code: 'LEANTUNE_ADAPTER_IN_MODEL',
      remedy: messages.remedyMergeFirst(),
    });
  }
  await mkdir(folder, { recursive: true });
  const tensors = Object.fromEntries(
    [...model.namedParameters()].map(([name, parameter]): [string, WritableTensor] => [
      name,
      { dtype: 'float32', shape: parameter.shape, data: Float32Array.from(parameter.read()) },
    ]),
  );
  await saveSafetensors(join(folder, 'model.safetensors'), tensors);
  const numberOfLabels = tensors['classifier.weight']!.shape[0]!;
  const config = { architectures: [model.architecture], ...bertConfigJson(model.config), num_labels: numberOfLabels };
  await writeFileAtomically(join(folder, 'config.json'), [Buffer.from(`${JSON.stringify(config, null, 2)}\n`)]);
}

function isPlain(module: AnyModule): boolean {
  return module instanceof Linear || module instanceof LayerNorm || module instanceof Embedding;
}

/** The configuration under Hugging Face's keys: what `parseBertConfig` reads. */
function bertConfigJson(config: BertConfig): Record<string, unknown> {
  return {
    model_type: 'bert',
    vocab_size: config.vocabularySize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.attentionHeads,
    intermediate_size: config.intermediateSize,
    hidden_act: config.hiddenActivation,
    hidden_dropout_prob: config.hiddenDropout,
    attention_probs_dropout_prob: config.attentionDropout,
    classifier_dropout: config.classifierDropout,
    max_position_embeddings: config.maxPositions,
    type_vocab_size: config.typeVocabularySize,
    initializer_range: config.initializerRange,
    layer_norm_eps: config.layerNormEpsilon,
    pad_token_id: config.padTokenId,
    position_embedding_type: 'absolute',
    torch_dtype: 'float32',
  };
}
