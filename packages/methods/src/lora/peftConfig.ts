import { CorruptFileError } from '@leantune/core';
import type { Site, TransformerModel } from '@leantune/models';
import { z } from 'zod';
import { messages } from '../messages.js';
import { LoraLinear } from './loraLinear.js';

/** Prefix of every tensor in PEFT's adapter files. */
export const peftPrefix = 'base_model.model.';

/** The keys of PEFT's `adapter_config.json` that decide what is computed. */
const peftLoraConfig = z.looseObject({
  peft_type: z.string(),
  r: z.int().min(1),
  lora_alpha: z.number().positive(),
  lora_dropout: z.number().min(0).default(0),
  target_modules: z.union([z.string(), z.array(z.string()).min(1)]),
  use_rslora: z.boolean().nullish(),
  use_dora: z.boolean().nullish(),
  fan_in_fan_out: z.boolean().nullish(),
  bias: z.string().nullish(),
  rank_pattern: z.record(z.string(), z.number()).nullish(),
  alpha_pattern: z.record(z.string(), z.number()).nullish(),
});

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
  const parsed = peftLoraConfig.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    throw fail(messages.adapterInvalid(file, problems));
  }
  const config = parsed.data;
  if (config.peft_type !== 'LORA') throw fail(messages.adapterNotLora(file, config.peft_type));
  const unsupported = {
    use_dora: config.use_dora === true,
    fan_in_fan_out: config.fan_in_fan_out === true,
    bias: (config.bias ?? 'none') !== 'none',
    rank_pattern: Object.keys(config.rank_pattern ?? {}).length > 0,
    alpha_pattern: Object.keys(config.alpha_pattern ?? {}).length > 0,
  };
  for (const [key, present] of Object.entries(unsupported)) {
    if (present) throw fail(messages.adapterUnsupported(file, key, JSON.stringify(config[key])));
  }
  return {
    rank: config.r,
    alpha: config.lora_alpha,
    dropout: config.lora_dropout,
    rankStabilized: config.use_rslora === true,
    targetModules: config.target_modules,
  };
}

/** Whether PEFT's `target_modules` name this site: by the end of its module path, or as a regular expression. */
export function isTargeted(site: Site, targetModules: PeftLora['targetModules']): boolean {
  const { path } = site;
  if (typeof targetModules !== 'string') {
    return targetModules.some((target) => path === target || path.endsWith(`.${target}`));
  }
  if (targetModules === 'all-linear') return site.address.name !== 'head';
  return new RegExp(`^(?:${targetModules})$`).test(path);
}

/** PEFT's configuration of the updates that stand in a model now, for `adapter_config.json`. */
export function peftConfigOf(model: TransformerModel): Record<string, unknown> {
  const wrapped = model.sites.filter((site) => site.module instanceof LoraLinear);
  const [first] = wrapped;
  if (first === undefined) {
    throw new CorruptFileError(messages.adapterNothingTrained(), {
      code: 'LEANTUNE_NO_ADAPTER',
      file: 'adapter_config.json',
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
