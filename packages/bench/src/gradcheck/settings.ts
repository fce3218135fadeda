/** Words of the command line → settings of a gradient check, or everything that is wrong with them at once. */
import { precisions, type ConfigurationIssue, type PrecisionName } from '@leantune/core';
import { readModelConfig, type HeadOptions, type ModelBlueprint } from '@leantune/models';
import { findModelConfig } from '@leantune/models/node';
import { parseMethodSpec, withOrdinaryGradient } from '@leantune/methods';
import { z } from 'zod';
import { invalidOptions, numberOrText, optionIssues } from '../cli/optionWords.js';
import { messages } from '../messages.js';

const count = z.int().positive();

const figuresSchema = z.strictObject({
  batch: count.default(16),
  seq: count.default(64),
  seed: z.int().min(0).default(0),
  dropout: z.number().min(0).lt(1).default(0.1),
  layers: count.optional(),
  precision: z.enum(Object.keys(precisions) as PrecisionName[]).default('fp32'),
});

/** Options as they are typed. */
export type GradcheckWords = { readonly [Key in keyof typeof figuresSchema.shape]?: string } & {
  readonly random?: boolean;
};

export interface GradcheckSettings {
  readonly model: string;
  readonly method: string;
  readonly blueprint: ModelBlueprint;
  /** Content of the config.json, with the depth that was asked for. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly head: HeadOptions;
  readonly batchSize: number;
  readonly sequenceLength: number;
  readonly seed: number;
  readonly dropout: number;
  readonly precision: PrecisionName;
  /** Random weights instead of the model's own. */
  readonly random: boolean;
}

/** What configurations call the number of layers. */
const depthKeys = ['num_hidden_layers', 'encoder_layers', 'decoder_layers'] as const;

/**
 * @throws ConfigurationError naming every option that is wrong; UsageError for a model that nothing has, a method that does
 * not exist or has no reversible layers
 */
export async function resolveGradcheckSettings(
  modelWord: string,
  methodWord: string,
  { random = false, ...words }: GradcheckWords,
): Promise<GradcheckSettings> {
  const spec = parseMethodSpec(methodWord);
  withOrdinaryGradient(spec);
  const typed = Object.fromEntries(Object.entries(words).map(([key, word]) => [key, numberOrText(word)]));
  const issues: ConfigurationIssue[] = [];
  const figures = figuresSchema.safeParse(typed, { reportInput: true });
  if (!figures.success) issues.push(...optionIssues(figuresSchema, figures.error));
  if (words.layers !== undefined && !random) {
    issues.push({ key: '--layers', message: messages.depthNeedsRandom() });
  }
  if (!figures.success || issues.length > 0) throw invalidOptions('gradcheck', issues);
  const { batch, seq, seed, dropout, layers, precision } = figures.data;
  const { name, config: found, file } = await findModelConfig(modelWord);
  const config = withDepth(found as Readonly<Record<string, unknown>>, layers);
  const blueprint = readModelConfig(config, { file, dropout });
  const { classes, maxPositions, vocabularySize } = blueprint;
  const isImage = vocabularySize === undefined;
  if (!isImage && words.seq !== undefined && seq > maxPositions) {
    const expected = messages.positions(maxPositions, name);
    throw invalidOptions('gradcheck', [{ key: '--seq', message: messages.outOfRange(seq), expected }]);
  }
  const head: HeadOptions =
    classes['causal-lm'] === undefined ? { kind: 'classification', numberOfLabels: 2 } : { kind: 'causal-lm' };
  return {
    model: modelWord,
    method: spec.spelling,
    blueprint,
    config,
    head,
    batchSize: batch,
    sequenceLength: isImage ? maxPositions : Math.min(seq, maxPositions),
    seed,
    dropout,
    precision,
    random,
  };
}

function withDepth(config: Readonly<Record<string, unknown>>, layers: number | undefined) {
  if (layers === undefined) return config;
  const keys = depthKeys.filter((key) => config[key] !== undefined);
  return { ...config, ...Object.fromEntries(keys.map((key) => [key, layers])) };
}
