/** Methods of a plan on its models, tried on shapes alone before the first cell: unknown sites, unsupported models. */
import { LeantuneError, isLoaded, metaProvider, useBackend } from '@leantune/core';
import type { ConfigurationIssue } from '@leantune/core';
import { applyMethods } from '@leantune/methods';
import { randomModel } from '@leantune/models';
import type { HeadOptions, ModelBlueprint } from '@leantune/models';
import { messages } from '../messages.js';
import type { MethodPlace } from '../sweep/methodPlaces.js';

/** A method on a model with a task's head. */
export interface Trial {
  readonly model: string;
  readonly blueprint: ModelBlueprint;
  readonly head: HeadOptions;
  /** Canonical spelling. */
  readonly method: string;
  /** Longest input in tokens. */
  readonly maxLength: number;
}

/** One problem for every method that cannot be applied to a model, at the place where the method is written. */
export async function checkMethods(
  trials: readonly Trial[],
  placeOf: (method: string) => MethodPlace,
): Promise<ConfigurationIssue[]> {
  await useMeta();
  const issues = new Map<string, ConfigurationIssue>();
  for (const trial of distinct(trials)) {
    const { model, method } = trial;
    const problem = problemOf(trial);
    if (problem === undefined) continue;
    const issue = { ...placeOf(method), message: messages.methodOnModel(method, model, problem) };
    issues.set(JSON.stringify(issue), issue);
  }
  return [...issues.values()];
}

/**
 * Tries one method on shapes before anything is loaded; the meta backend stays active.
 * @throws UsageError with the method's reason
 */
export async function assertApplies(trial: Omit<Trial, 'model'>): Promise<void> {
  await useMeta();
  applyOnShapes(trial);
}

async function useMeta(): Promise<void> {
  const meta = await metaProvider().load();
  if (isLoaded(meta)) await useBackend(meta);
}

function applyOnShapes({ blueprint, head, method, maxLength }: Omit<Trial, 'model'>): void {
  const model = randomModel(blueprint, head, 0);
  try {
    applyMethods(model, method, { seed: 0, maxLength });
  } finally {
    model.release();
  }
}

function problemOf(trial: Trial): string | undefined {
  try {
    applyOnShapes(trial);
  } catch (error) {
    if (error instanceof LeantuneError) return error.message;
    throw error;
  }
  return undefined;
}

function distinct(trials: readonly Trial[]): Trial[] {
  const keyOf = ({ model, head, method, maxLength }: Trial) => JSON.stringify([model, head, method, maxLength]);
  return [...new Map(trials.map((trial) => [keyOf(trial), trial])).values()];
}
