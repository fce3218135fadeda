import { CorruptFileError } from '@leantune/core';
import { z } from 'zod';
import { messages } from '../messages.js';
import { allModulesToSave } from './savedHead.js';

/** Modules by the ends of their paths, or by a regular expression over whole paths. */
export type ModuleNames = string | readonly string[];

/** What a PEFT folder says about its adapter. */
export type PeftAdapter = PeftLora | PeftIa3;

interface PeftCommon {
  readonly targetModules: ModuleNames;
  /** Modules that were trained whole and stand in the file, by ends of their paths. */
  readonly modulesToSave: readonly string[];
}

export interface PeftLora extends PeftCommon {
  readonly kind: 'lora' | 'dora';
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  readonly rankStabilized: boolean;
}

export interface PeftIa3 extends PeftCommon {
  readonly kind: 'ia3';
  /** Targets whose input is scaled. */
  readonly feedForwardModules: ModuleNames;
}

const moduleNames = z.union([z.string().min(1), z.array(z.string())]);
const targetModules = z.union([z.string().min(1), z.array(z.string()).min(1)]);
const modulesToSave = z.array(z.string()).nullish();

/** The keys of PEFT's `adapter_config.json` that leantune computes with. */
const loraConfig = z.looseObject({
  peft_type: z.literal('LORA'),
  r: z.int().min(1),
  lora_alpha: z.number().positive(),
  lora_dropout: z.number().min(0).max(0.999).default(0),
  target_modules: targetModules,
  use_rslora: z.boolean().nullish(),
  use_dora: z.boolean().nullish(),
  modules_to_save: modulesToSave,
});

const ia3Config = z.looseObject({
  peft_type: z.literal('IA3'),
  target_modules: targetModules,
  feedforward_modules: moduleNames.nullish(),
  modules_to_save: modulesToSave,
});

/** Keys that change what PEFT computes and leantune does not: only these values (or none) leave the plain method. */
const plainValues: Readonly<Record<string, readonly unknown[]>> = {
  use_qalora: [false],
  use_bdlora: [false],
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

/**
 * Reads the content of an `adapter_config.json`. `fan_in_fan_out` says how the base weight lies, which PEFT corrects and
 * leantune knows: it changes nothing.
 * @throws CorruptFileError where the file describes no LoRA, DoRA or (IA)³ adapter, or what leantune does not compute
 */
export function parsePeftConfig(json: unknown, file: string): PeftAdapter {
  const fail = (message: string) =>
    new CorruptFileError(message, { code: 'LEANTUNE_ADAPTER_CONFIG', file, remedy: messages.adapterRemedy() });
  const type = (json as { readonly peft_type?: unknown } | null)?.peft_type;
  if (typeof type === 'string' && type !== 'LORA' && type !== 'IA3') throw fail(messages.adapterKind(file, type));
  const config = checked(type === 'IA3' ? ia3Config : loraConfig);
  for (const [key, plain] of Object.entries(plainValues)) {
    const value = config[key];
    if (!isEmpty(value) && !plain.includes(value)) {
      throw fail(messages.adapterUnsupported(file, key, JSON.stringify(value)));
    }
  }
  const common = {
    targetModules: readable('target_modules', config.target_modules),
    modulesToSave: allModulesToSave(config.modules_to_save, config.task_type),
  };
  if (config.peft_type === 'IA3') {
    const feedForward = readable('feedforward_modules', config.feedforward_modules ?? []);
    return { kind: 'ia3', ...common, feedForwardModules: feedForward };
  }
  return {
    kind: config.use_dora === true ? 'dora' : 'lora',
    ...common,
    rank: config.r,
    alpha: config.lora_alpha,
    dropout: config.lora_dropout,
    rankStabilized: config.use_rslora === true,
  };

  function checked<Schema extends z.ZodType>(schema: Schema): z.output<Schema> {
    const parsed = schema.safeParse(json);
    if (parsed.success) return parsed.data;
    const problems = parsed.error.issues
      .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
      .join('; ');
    throw fail(messages.adapterInvalid(file, problems));
  }

  function readable(key: string, names: ModuleNames): ModuleNames {
    if (typeof names !== 'string') return names;
    try {
      wholePath(names);
    } catch (error) {
      throw fail(messages.adapterPattern(file, key, names, (error as Error).message));
    }
    return names;
  }
}

/** Absent, null, [] or {}. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** Python's re.fullmatch. */
export function wholePath(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`);
}
