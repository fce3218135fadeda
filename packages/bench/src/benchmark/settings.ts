/** Words of `leantune bench` → settings, or everything that is wrong with them at once. */
import { availableParallelism } from 'node:os';
import { EnvironmentError, splitBackendName } from '@leantune/core';
import type { ConfigurationIssue } from '@leantune/core';
import { requestedThreads } from '@leantune/core/node';
import { readModelConfig } from '@leantune/models';
import { findModelConfig, resolveCheckpoint } from '@leantune/models/node';
import { z } from 'zod';
import { invalidOptions, numberOrText, optionIssues } from '../cli/optionWords.js';
import { messages } from '../messages.js';
import { benchMessages } from '../messages/bench.js';
import { unknownProblem } from '../registry/problems.js';
import type { Registry, Resolved } from '../registry/registry.js';
import { splitTopLevel } from '../sweep/splitTopLevel.js';
import { opNames } from './opShapes.js';
import type { OpName, OpShapesName } from './opShapes.js';
import { suites } from './rows.js';
import type { Suite } from './rows.js';

const count = z.int().positive();
const rate = z.number().min(0).lt(1);

const figuresSchema = z.strictObject({
  batch: count.default(32),
  seq: count.default(128),
  dropout: z.array(rate).default([0, 0.1]),
  rounds: count.optional(),
  threads: count.optional(),
});

/** Options as they are typed. */
export type BenchWords = {
  readonly [Key in keyof typeof figuresSchema.shape | 'model' | 'methods' | 'ops' | 'backend']?: string;
};

export interface BenchSettings {
  readonly suites: readonly Suite[];
  readonly model: string;
  /** No checkpoint of the model is here: random weights of its configuration. */
  readonly randomWeights: boolean;
  /** Canonical spellings. */
  readonly methods: readonly string[];
  readonly batchSize: number;
  readonly sequenceLength: number;
  readonly vocabularySize: number;
  readonly dropouts: readonly number[];
  readonly ops: readonly OpName[];
  readonly shapes: readonly OpShapesName[];
  /** Absent: every one that loads. */
  readonly backends?: readonly string[];
  /** Absent: those of `defaultRounds`. */
  readonly rounds?: number;
  /** Threads of one operation, of ours and of a peer. */
  readonly threads: number;
}

const defaultModel = 'minilm-l6';
const defaultMethods = ['full', 'lora', 'tokentune'];

/** Timed turns of each contestant. */
export const defaultRounds: Readonly<Record<Suite, number>> = { ops: 7, steps: 5, peers: 12 };

/** @throws ConfigurationError naming everything that is wrong */
export async function resolveBenchSettings(
  suiteWords: readonly string[],
  words: BenchWords,
  registry: Registry,
): Promise<BenchSettings> {
  const issues: ConfigurationIssue[] = [];
  const named = <Name extends string>(key: string, kind: string, typed: readonly string[], known: readonly Name[]) =>
    typed.flatMap((word) => {
      const name = known.find((each) => each === word);
      if (name === undefined)
        issues.push({ key, ...unknownProblem(kind, word, known), expected: messages.oneOf(known) });
      return name === undefined ? [] : [name];
    });
  const resolve = (key: string, resolved: Resolved): string => {
    if ('name' in resolved) return resolved.name;
    issues.push({ key, ...resolved.problem });
    return '';
  };
  const listed = (word: string | undefined) => (word === undefined ? undefined : splitTopLevel(word));

  const chosenSuites = named('suite', 'suite', suiteWords, suites);
  const ops = named('--ops', 'op', listed(words.ops) ?? opNames, opNames);
  const backends = listed(words.backend);
  const withoutDevices = backends?.map((word) => splitBackendName(word).name) ?? [];
  named('--backend', 'backend', withoutDevices, registry.backendNames());
  const methods = (listed(words.methods) ?? defaultMethods).map((word) =>
    resolve('--methods', registry.resolveMethod(word)),
  );
  const model = resolve('--model', registry.resolveModel(words.model ?? defaultModel));
  const figures = figuresSchema.safeParse(typedFigures(words), { reportInput: true });
  if (!figures.success) issues.push(...optionIssues(figuresSchema, figures.error));
  if (!figures.success || issues.length > 0) throw invalidOptions('bench', issues);
  const { batch, seq, dropout, rounds, threads } = figures.data;
  const { config, file } = await findModelConfig(model);
  const { vocabularySize, maxPositions } = readModelConfig(config, { file });
  if (vocabularySize === undefined) issues.push({ key: '--model', message: benchMessages.readsNoText(model) });
  if (seq > maxPositions) {
    const expected = messages.positions(maxPositions, model);
    issues.push({ key: '--seq', message: messages.outOfRange(seq), expected });
  }
  if (vocabularySize === undefined || issues.length > 0) throw invalidOptions('bench', issues);
  return {
    suites: chosenSuites.length === 0 ? suites : suites.filter((suite) => chosenSuites.includes(suite)),
    model,
    randomWeights: await lacksCheckpoint(model),
    methods,
    batchSize: batch,
    sequenceLength: seq,
    vocabularySize,
    dropouts: dropout,
    ops,
    shapes: ['minilm-l6', 'bert-base'],
    ...(backends === undefined ? {} : { backends }),
    ...(rounds === undefined ? {} : { rounds }),
    threads: threads ?? requestedThreads(process.env) ?? availableParallelism(),
  };
}

function typedFigures({ batch, seq, dropout, rounds, threads }: BenchWords): Record<string, unknown> {
  const single = Object.entries({ batch, seq, rounds, threads }).flatMap(([key, word]) =>
    word === undefined ? [] : [[key, numberOrText(word)] as const],
  );
  const rates = dropout === undefined ? {} : { dropout: splitTopLevel(dropout).map(numberOrText) };
  return { ...Object.fromEntries(single), ...rates };
}

/** Asked once for all contestants: where there is none, each would look for it again. */
async function lacksCheckpoint(model: string): Promise<boolean> {
  try {
    await resolveCheckpoint(model);
    return false;
  } catch (error) {
    if (error instanceof EnvironmentError && error.code === 'LEANTUNE_CHECKPOINT_ABSENT') return true;
    throw error;
  }
}
