/** Words of the command line → settings of a profile, or everything that is wrong with them at once. */
import { EnvironmentError, splitBackendName } from '@leantune/core';
import type { ConfigurationIssue } from '@leantune/core';
import { readModelConfig } from '@leantune/models';
import { readJson, resolveCheckpoint } from '@leantune/models/node';
import { z } from 'zod';
import { savingSchema } from '../cell/contract.js';
import { invalidOptions, numberOrText, optionIssues } from '../cli/optionWords.js';
import { messages } from '../messages.js';
import { unknownProblem } from '../registry/problems.js';
import type { Registry, Resolved } from '../registry/registry.js';

const count = z.int().positive();

const figuresSchema = z.strictObject({
  batch: count.default(32),
  seq: count.default(128),
  rounds: count.default(5),
  dropout: z.number().min(0).lt(1).optional(),
  saving: savingSchema.default('lean'),
});

type FigureName = keyof typeof figuresSchema.shape;

/** Options as they are typed. */
export type ProfileWords = { readonly [Key in FigureName | 'model' | 'backend']?: string };

export interface ProfileSettings {
  readonly model: string;
  /** Canonical spellings; the first is what the others are compared to. One may stand twice: that shows the noise. */
  readonly methods: readonly string[];
  readonly batchSize: number;
  readonly sequenceLength: number;
  readonly vocabularySize: number;
  readonly rounds: number;
  /** Absent: the model's own. */
  readonly dropout?: number;
  readonly saving: z.infer<typeof savingSchema>;
  readonly backend?: string;
}

const defaultModel = 'minilm-l6';

/** @throws ConfigurationError naming every option and method that is wrong; EnvironmentError where the model is nowhere. */
export async function resolveSettings(
  spellings: readonly string[],
  words: ProfileWords,
  registry: Registry,
): Promise<ProfileSettings> {
  const issues: ConfigurationIssue[] = [];
  const resolve = (key: string, resolved: Resolved): string => {
    if ('name' in resolved) return resolved.name;
    issues.push({ key, ...resolved.problem });
    return '';
  };
  const { model: modelWord, backend, ...figureWords } = words;
  const methods = spellings.map((spelling) => resolve('method', registry.resolveMethod(spelling)));
  const model = resolve('--model', registry.resolveModel(modelWord ?? defaultModel));
  if (backend !== undefined && !registry.backendNames().includes(splitBackendName(backend).name)) {
    issues.push({ key: '--backend', ...unknownProblem('backend', backend, registry.backendNames()) });
  }
  const typed = Object.fromEntries(Object.entries(figureWords).map(([key, word]) => [key, numberOrText(word)]));
  const figures = figuresSchema.safeParse(typed, { reportInput: true });
  if (!figures.success) issues.push(...optionIssues(figuresSchema, figures.error));
  const config = model === '' ? undefined : await configOf(model, issues.length > 0);
  const sequenceLength = typed.seq ?? figures.data?.seq;
  if (config !== undefined && typeof sequenceLength === 'number' && sequenceLength > config.maxPositions) {
    issues.push({
      key: '--seq',
      message: messages.outOfRange(sequenceLength),
      expected: messages.positions(config.maxPositions, model),
    });
  }
  if (!figures.success || config === undefined || issues.length > 0) {
    throw invalidOptions('profile', issues);
  }
  const { batch, rounds, dropout, saving } = figures.data;
  return {
    model,
    methods,
    batchSize: batch,
    sequenceLength: figures.data.seq,
    vocabularySize: config.vocabularySize!,
    rounds,
    ...(dropout === undefined ? {} : { dropout }),
    saving,
    ...(backend === undefined ? {} : { backend }),
  };
}

/** The model's configuration; where something else is wrong already, only if no download is needed. */
async function configOf(model: string, offline: boolean) {
  try {
    const { files } = await resolveCheckpoint(model, { offline });
    return readModelConfig(await readJson(files.config), { file: files.config });
  } catch (error) {
    if (offline && error instanceof EnvironmentError) return undefined;
    throw error;
  }
}
