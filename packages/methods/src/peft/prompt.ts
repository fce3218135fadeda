import { CorruptFileError, noGrad, scope, type Tensor } from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import { z } from 'zod';
import { messages } from '../messages.js';
import { insertPrefix, prefixShape, promptEncoderName, supportsPrefix } from '../prefix/insertPrefix.js';
import { PrefixEncoder } from '../prefix/prefixEncoder.js';
import { PromptEncoder, embeddingFeatures, insertPrompt, supportsPrompt } from '../prompt/insertPrompt.js';
import { peftTaskType } from './describe.js';
import type { AdapterPlan } from './plan.js';
import { allModulesToSave, savedParameters, savesHead, trainedHeadModules } from './savedHead.js';

/** PEFT's files of prefix and prompt tuning: `prompt_embeddings`, and the head under `base_model.`. */

const parameterName = `${promptEncoderName}.embedding.weight`;

const kinds = z.enum(['PREFIX_TUNING', 'PROMPT_TUNING']);

const promptConfig = z.looseObject({
  peft_type: kinds,
  num_virtual_tokens: z.int().min(1),
  num_transformer_submodules: z.literal(1, { error: messages.promptOfTwoStacks() }).nullish(),
  modules_to_save: z.array(z.string()).nullish(),
});

/** Whether an `adapter_config.json` is one of these. */
export function isPromptConfig(json: unknown): boolean {
  return z.looseObject({ peft_type: kinds }).safeParse(json).success;
}

/** Whether something of these kinds stands in the model. */
export function hasPrompt(model: TransformerModel): boolean {
  return encoderOf(model) !== undefined;
}

/** Whether a network makes the prefix, of which these files hold the result only. */
export function hasPrefixNetwork(model: TransformerModel): boolean {
  const encoder = encoderOf(model);
  return encoder instanceof PrefixEncoder && encoder.shape.projection !== undefined;
}

/** Name of a parameter in these files. */
export function promptStoredName(parameter: string): string {
  return parameter === parameterName ? 'prompt_embeddings' : `base_model.${parameter}`;
}

/**
 * Finds what a folder of PEFT would put into the model. PEFT stores the prefix that a projection made, not the projection:
 * such a prefix goes on as a plain one.
 * @throws CorruptFileError where the configuration is invalid, or the model takes nothing before its texts
 */
export function planPrompt(
  model: TransformerModel,
  json: unknown,
  file: string,
): Pick<AdapterPlan, 'tensors' | 'insert'> {
  const fail = (message: string) =>
    new CorruptFileError(message, { code: 'LEANTUNE_ADAPTER_CONFIG', file, remedy: messages.adapterRemedy() });
  const parsed = promptConfig.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
    throw fail(messages.adapterInvalid(file, problems));
  }
  const { peft_type: type, num_virtual_tokens: length, modules_to_save: saved } = parsed.data;
  const isPrefix = type === 'PREFIX_TUNING';
  const supported = isPrefix ? supportsPrefix(model) : supportsPrompt(model);
  if (supported !== true) throw fail(messages.notSupported(type, model.architecture, supported));
  const saves = savesHead(model, allModulesToSave(saved, parsed.data.task_type));
  const head = [...model.namedParameters()].filter(([name]) => saves(name));
  const { layers, keyValueWidth } = prefixShape(model);
  const features = isPrefix ? 2 * layers * keyValueWidth : embeddingFeatures(model);
  return {
    tensors: [[parameterName, [length, features]], ...head.map(([name, { shape }]) => [name, shape] as const)],
    insert: () => {
      model.setTrained(saves);
      if (isPrefix) insertPrefix(model, { length }, 0);
      else insertPrompt(model, length, 0);
    },
  };
}

/** What PEFT would write of a model that `hasPrompt`: its configuration, and tensors by stored name, on the host. */
export function promptFiles(model: TransformerModel) {
  const encoder = encoderOf(model)!;
  const embeddings = scope(() =>
    noGrad(() => hostCopy(encoder instanceof PrefixEncoder ? encoder.promptEmbeddings() : encoder.call())),
  );
  const head = savedParameters(model).filter(([name]) => model.isHeadParameter(name));
  return {
    config: {
      ...kindKeys(model, encoder),
      task_type: peftTaskType(model),
      base_model_name_or_path: null,
      inference_mode: true,
      num_transformer_submodules: 1,
      num_layers: prefixShape(model).layers,
      modules_to_save: trainedHeadModules(model),
    },
    tensors: {
      [promptStoredName(parameterName)]: embeddings,
      ...Object.fromEntries(head.map(([name, parameter]) => [promptStoredName(name), hostCopy(parameter)])),
    },
  };
}

function kindKeys(model: TransformerModel, encoder: PrefixEncoder | PromptEncoder): Record<string, unknown> {
  const { heads, keyValueHeads } = prefixShape(model);
  if (encoder instanceof PromptEncoder) {
    return {
      peft_type: 'PROMPT_TUNING',
      num_virtual_tokens: encoder.length,
      token_dim: encoder.features,
      num_attention_heads: heads,
      prompt_tuning_init: 'RANDOM',
    };
  }
  const { length, keyValueWidth, projection } = encoder.shape;
  return {
    peft_type: 'PREFIX_TUNING',
    num_virtual_tokens: length,
    token_dim: keyValueWidth,
    num_attention_heads: keyValueHeads,
    encoder_hidden_size: projection ?? keyValueWidth,
    prefix_projection: projection !== undefined,
  };
}

function encoderOf(model: TransformerModel): PrefixEncoder | PromptEncoder | undefined {
  for (const module of model.modules()) {
    if (module instanceof PrefixEncoder || module instanceof PromptEncoder) return module;
  }
  return undefined;
}

function hostCopy(tensor: Tensor) {
  return { dtype: 'float32' as const, shape: tensor.shape, data: Float32Array.from(tensor.read()) };
}
