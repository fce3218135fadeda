/** Options of `leantune memory` → settings, or everything that is wrong with them at once. */
import { adamW, precisions, sgd } from '@leantune/core';
import type { ConfigurationIssue, OptimizerDefinition, PrecisionName, SavingPolicy } from '@leantune/core';
import { parseMethodSpec } from '@leantune/methods';
import { readModelConfig } from '@leantune/models';
import type { HeadKind, HeadOptions, ModelBlueprint } from '@leantune/models';
import { findModelConfig } from '@leantune/models/node';
import { z } from 'zod';
import { savingSchema } from '../cell/contract.js';
import { invalidOptions, numberOrText, optionIssues } from '../cli/optionWords.js';
import { messages } from '../messages.js';
import { resolvedBy, methodProblem } from '../registry/packages.js';
import { splitTopLevel } from '../sweep/splitTopLevel.js';
import { parseByteSize } from './byteSize.js';

const count = z.int().positive();

const headKinds = ['classification', 'regression', 'question-answering', 'causal-lm', 'seq2seq-lm'] as const;

const figuresSchema = z.strictObject({
  batch: count.optional(),
  seq: count.optional(),
  accumulate: count.default(1),
  dropout: z.number().min(0).lt(1).optional(),
  momentum: z.number().min(0).lt(1).default(0),
  fused: z.enum(['true', 'false']).default('false'),
  clip: z.number().min(0).optional(),
  saving: savingSchema.default('lean'),
  precision: z.enum(Object.keys(precisions) as PrecisionName[]).default('fp32'),
  optimizer: z.enum(['adamw', 'sgd']).default('adamw'),
  head: z.enum(headKinds).optional(),
});

type FigureName = keyof typeof figuresSchema.shape;

/** Options as they are typed. */
export type MemoryWords = {
  readonly [Key in Exclude<FigureName, 'fused'> | 'model' | 'method' | 'methods' | 'fit']?: string;
};

export interface MemorySettings {
  readonly model: string;
  readonly blueprint: ModelBlueprint;
  /** Content of config.json: special tokens of the worst-case batch. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly head: HeadOptions;
  /** Canonical spellings. */
  readonly methods: readonly string[];
  readonly batchSize: number;
  readonly sequenceLength: number;
  /** Look for the largest batch, or sequence, whose peak is at most `limitBytes`. */
  readonly fit?: { readonly limitBytes: number; readonly what: 'batch' | 'seq' };
  readonly precision: PrecisionName;
  readonly saving: SavingPolicy;
  readonly optimizerName: string;
  readonly optimizer: OptimizerDefinition;
  readonly gradientAccumulation: number;
  /** Absent: no clipping. */
  readonly maxGradNorm?: number;
}

/** As the published fine-tuning scripts clip. */
const defaultMaxGradNorm = 1;

/** Tokens of a batch on the host: beyond, its arrays alone would take gigabytes. */
export const mostTokens = 2 ** 26;

const defaultSequence = 512;

/** @throws ConfigurationError naming every option and method that is wrong; UsageError for a model that nothing has */
export async function resolveMemorySettings(words: MemoryWords): Promise<MemorySettings> {
  const issues: ConfigurationIssue[] = [];
  const { model: modelWord, method, methods: methodsWord, fit: fitWord, ...figureWords } = words;

  const spellings = methodsWord === undefined ? [method ?? 'full'] : splitTopLevel(methodsWord);
  if (method !== undefined && methodsWord !== undefined) {
    issues.push({ key: '--method', message: messages.memoryMethodTwice() });
  }
  const methods = spellings.map((spelling) => {
    const resolved = resolvedBy(() => parseMethodSpec(spelling).spelling, methodProblem);
    if ('name' in resolved) return resolved.name;
    issues.push({ key: methodsWord === undefined ? '--method' : '--methods', ...resolved.problem });
    return '';
  });

  const limitBytes = fitWord === undefined ? undefined : parseByteSize(fitWord);
  if (fitWord !== undefined && limitBytes === undefined) {
    issues.push({ key: '--fit', message: messages.wrongValue(fitWord), expected: messages.byteSizes() });
  }
  const { name: optimizerWord, options: optimizerOptions } = optimizerWords(figureWords.optimizer);
  const optionWords = {
    ...figureWords,
    ...optimizerOptions,
    ...(optimizerWord !== undefined && { optimizer: optimizerWord }),
  };
  const typed = Object.fromEntries(Object.entries(optionWords).map(([key, word]) => [key, numberOrText(word)]));
  const figures = figuresSchema.safeParse(typed, { reportInput: true });
  if (!figures.success) {
    const placeOf = (key: string) => (key in optimizerOptions ? `--optimizer: ${key}` : `--${key}`);
    issues.push(...optionIssues(figuresSchema, figures.error, placeOf));
  }
  if (modelWord === undefined) issues.push({ key: '--model', message: messages.missingKey() });
  if (!figures.success || modelWord === undefined) throw invalidOptions('memory', issues);

  const {
    batch,
    seq,
    accumulate,
    dropout,
    momentum,
    saving,
    precision,
    optimizer,
    clip,
    head: headKind,
  } = figures.data;
  const fused = figures.data.fused === 'true';
  const maxGradNorm = clip ?? (fused ? 0 : defaultMaxGradNorm);
  if (fused && maxGradNorm > 0) issues.push({ key: '--clip', message: messages.fusedClips(), expected: '0' });
  if (fused && precision === 'fp16-mixed') {
    issues.push({ key: '--precision', message: messages.fusedScales(), expected: 'bf16-mixed' });
  }
  const { name, config, file } = await findModelConfig(modelWord);
  const blueprint = readModelConfig(config, { file, dropout });
  const head = headOf(blueprint, headKind, issues);
  const { maxPositions, vocabularySize } = blueprint;
  const readsImages = vocabularySize === undefined;
  if (readsImages && seq !== undefined) issues.push({ key: '--seq', message: messages.imagesHaveNoSequence(name) });
  if (seq !== undefined && seq > maxPositions) {
    issues.push({ key: '--seq', message: messages.outOfRange(seq), expected: messages.positions(maxPositions, name) });
  }
  const sequenceLength = seq ?? (readsImages ? maxPositions : Math.min(defaultSequence, maxPositions));
  const mostRows = Math.floor(mostTokens / sequenceLength);
  if (batch !== undefined && batch > mostRows) {
    issues.push({ key: '--batch', message: messages.outOfRange(batch), expected: `<= ${mostRows}` });
  }
  if (issues.length > 0 || head === undefined) throw invalidOptions('memory', issues);
  return {
    model: name,
    blueprint,
    config: config as Readonly<Record<string, unknown>>,
    head,
    methods,
    batchSize: batch ?? 1,
    sequenceLength,
    ...(limitBytes === undefined
      ? {}
      : { fit: { limitBytes, what: seq === undefined && !readsImages ? 'seq' : 'batch' } as const }),
    precision,
    saving,
    optimizerName: [optimizer, ...(momentum > 0 ? [`momentum ${momentum}`] : []), ...(fused ? ['fused'] : [])].join(
      ', ',
    ),
    optimizer:
      optimizer === 'adamw' ? adamW({ learningRate: 1e-4, fused }) : sgd({ learningRate: 1e-4, momentum, fused }),
    ...(maxGradNorm > 0 && { maxGradNorm }),
    gradientAccumulation: accumulate,
  };
}

/** The head that was asked for, else the one that the papers train: next tokens where the model has them, two classes. */
function headOf(
  { classes, modelType }: ModelBlueprint,
  asked: (typeof headKinds)[number] | undefined,
  issues: ConfigurationIssue[],
): HeadOptions | undefined {
  const known = headKinds.filter((kind) => classes[kind] !== undefined);
  const kind: HeadKind | undefined = asked ?? known.find((each) => each === 'causal-lm') ?? known[0];
  if (kind === undefined || !known.some((each) => each === kind)) {
    issues.push({
      key: '--head',
      message: messages.noSuchHead(modelType, String(kind)),
      expected: messages.oneOf(known),
    });
    return undefined;
  }
  if (kind === 'classification') return { kind, numberOfLabels: 2 };
  return kind === 'regression' ? { kind, numberOfLabels: 1 } : { kind };
}

/** `adamw(fused=true)` → its name and options. */
function optimizerWords(word: string | undefined): {
  readonly name?: string;
  readonly options: Readonly<Record<string, string>>;
} {
  const [, name, list] = /^\s*([^()]*?)\s*(?:\((.*)\))?\s*$/.exec(word ?? '') ?? [];
  if (word === undefined || name === undefined)
    return word === undefined ? { options: {} } : { name: word, options: {} };
  const pairs = (list ?? '').split(',').filter((pair) => pair.trim() !== '');
  const options = Object.fromEntries(
    pairs.map((pair) => {
      const [key = '', ...value] = pair.split('=');
      return [key.trim(), value.join('=').trim()];
    }),
  );
  return { name, options };
}
