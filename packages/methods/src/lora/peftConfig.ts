import { CorruptFileError, UsageError } from '@leantune/core';
import type { Site, TransformerModel } from '@leantune/models';
import { z } from 'zod';
import { messages } from '../messages.js';
import { isHead } from './lora.js';
import { LoraLinear } from './loraLinear.js';

/** Prefix of every tensor in PEFT's adapter files. */
export const peftPrefix = 'base_model.model.';

/** The keys of PEFT's `adapter_config.json` that leantune computes with. */
const peftLoraConfig = z.looseObject({
  peft_type: z.literal('LORA'),
  r: z.int().min(1),
  lora_alpha: z.number().positive(),
  lora_dropout: z.number().min(0).max(0.999).default(0),
  target_modules: z.union([z.string().min(1), z.array(z.string()).min(1)]),
  use_rslora: z.boolean().nullish(),
});

/** Keys that change what PEFT computes and leantune does not: only these values (or none) leave plain LoRA. */
const plainValues: Readonly<Record<string, readonly unknown[]>> = {
  use_dora: [false],
  use_qalora: [false],
  use_bdlora: [false],
  fan_in_fan_out: [false],
  lora_bias: [false],
  bias: ['none'],
  rank_pattern: [],
  alpha_pattern: [],
  exclude_modules: [],
  layers_to_transform: [],
  layer_replication: [],
  target_parameters: [],
  trainable_token_indices: [],
  alora_invocation_tokens: [],
  arrow_config: [],
  // Others (pissa, olora, corda, loftq) come with base weights of their own.
  init_lora_weights: [true, false, 'gaussian', 'orthogonal', 'eva'],
};

/** What a PEFT folder says about its adapter. */
export interface PeftLora {
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  readonly rankStabilized: boolean;
  readonly targetModules: string | readonly string[];
}

/** @throws CorruptFileError where the file is no LoRA configuration, or asks for what leantune does not compute. */
export function parsePeftConfig(json: unknown, file: string): PeftLora {
  const fail = (message: string) =>
    new CorruptFileError(message, { code: 'LEANTUNE_ADAPTER_CONFIG', file, remedy: messages.adapterRemedy() });
  const type = (json as { readonly peft_type?: unknown } | null)?.peft_type;
  if (typeof type === 'string' && type !== 'LORA') throw fail(messages.adapterNotLora(file, type));
  const parsed = peftLoraConfig.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues
      .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
      .join('; ');
    throw fail(messages.adapterInvalid(file, problems));
  }
  const config = parsed.data;
  for (const [key, plain] of Object.entries(plainValues)) {
    const value = config[key];
    if (!isEmpty(value) && !plain.includes(value)) {
      throw fail(messages.adapterUnsupported(file, key, JSON.stringify(value)));
    }
  }
  if (typeof config.target_modules === 'string') {
    try {
      wholePath(config.target_modules);
    } catch (error) {
      throw fail(messages.adapterPattern(file, config.target_modules, (error as Error).message));
    }
  }
  return {
    rank: config.r,
    alpha: config.lora_alpha,
    dropout: config.lora_dropout,
    rankStabilized: config.use_rslora === true,
    targetModules: config.target_modules,
  };
}

/** Absent, null, [] or {}. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** Python's re.fullmatch. */
function wholePath(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`);
}

/** Whether PEFT's `target_modules` name this site: by the end of its module path, or as a regular expression. */
export function isTargeted(site: Site, targetModules: PeftLora['targetModules']): boolean {
  const { path } = site;
  if (typeof targetModules !== 'string') {
    return targetModules.some((target) => path === target || path.endsWith(`.${target}`));
  }
  if (targetModules === 'all-linear') return !isHead(site);
  return wholePath(targetModules).test(path);
}

/** PEFT's configuration of the updates that stand in a model now, for `adapter_config.json`. */
export function peftConfigOf(model: TransformerModel): Record<string, unknown> {
  const wrapped = model.sites.filter((site) => site.module instanceof LoraLinear);
  const [first] = wrapped;
  if (first === undefined) {
    throw new UsageError(messages.adapterNothingTrained(), {
      code: 'LEANTUNE_NO_ADAPTER',
      remedy: messages.adapterNothingTrainedRemedy(),
    });
  }
  const { options } = first.module as LoraLinear;
  return {
    peft_type: 'LORA',
    task_type: 'SEQ_CLS',
    base_model_name_or_path: null,
    inference_mode: true,
    r: options.rank,
    lora_alpha: options.alpha,
    lora_dropout: options.dropout,
    use_rslora: options.rankStabilized,
    use_dora: false,
    bias: 'none',
    fan_in_fan_out: false,
    init_lora_weights: true,
    target_modules: targetModulesOf(model, wrapped),
    modules_to_save: [...model.headNames],
  };
}

/** The shortest path endings that name the wrapped sites and no other module that PEFT could take. */
function targetModulesOf(model: TransformerModel, wrapped: readonly Site[]): string[] {
  const others = model.sites.filter((site) => !wrapped.includes(site)).map(({ path }) => path);
  const endings = wrapped.map(({ path }) => {
    const parts = path.split('.');
    for (let length = 1; length < parts.length; length++) {
      const ending = parts.slice(-length).join('.');
      if (!others.some((other) => other === ending || other.endsWith(`.${ending}`))) return ending;
    }
    return path;
  });
  return [...new Set(endings)].sort();
}
