import { isLoaded, metaProvider, useBackend } from '@leantune/core';
import { describeOnBackends } from '@leantune/core/testing';
import type { TransformerModel } from '@leantune/models';
import { parseMethodSpec } from '../index.js';
import type { ContractClaims } from './claims.js';
import { describeWholeContract } from './contract.js';
import { itKeepsWhatItSays } from './layerMemory.js';
import { describeThinContract } from './thinContract.js';
import { tinyModels, type TinyModel } from './tinyModels.js';

/** What a method says of itself on every architecture; what is left out is not checked. */
export interface MethodContract extends Omit<ContractClaims, 'trainableCount' | 'gradientOfLoss'> {
  /** Number of trained scalars, from the model's sizes. */
  readonly trainableCount?: (model: TransformerModel) => number;
  /** Whether gradients are those of the loss (default); no where some activations count as constants. */
  readonly gradientOfLoss?: boolean;
}

/**
 * Registers the contract battery for a spelling of registered methods, on every backend that loads here, with vitest:
 * the whole battery on the first small model that the methods support, and its core on one of every other
 * architecture. A method may refuse models, but must say why before it changes anything.
 *
 * To be awaited at the top of a test file, after `registerMethod`.
 */
export async function describeMethodContract(spelling: string, contract: MethodContract = {}): Promise<void> {
  const { trainableCount, gradientOfLoss = true, ...rest } = contract;
  const claims: ContractClaims<TinyModel> = {
    ...rest,
    gradientOfLoss,
    ...(trainableCount === undefined ? {} : { trainableCount: (_fixture, model) => trainableCount(model) }),
  };
  for (const { definition } of parseMethodSpec(spelling).methods) itKeepsWhatItSays(definition);
  const main = await firstSupported(spelling);
  let isFirstBackend = true;
  await describeOnBackends(`contract of ${spelling}`, () => {
    if (isFirstBackend) {
      describeWholeContract(spelling, main, claims);
      for (const fixture of tinyModels) if (fixture !== main) describeThinContract(spelling, fixture, claims);
    } else {
      describeThinContract(spelling, main, claims);
    }
    isFirstBackend = false;
  });
}

/** BERT where nothing supports any: its refusal is then what the battery reports. */
async function firstSupported(spelling: string): Promise<TinyModel> {
  const meta = await metaProvider().load();
  if (isLoaded(meta)) await useBackend(meta);
  const { methods } = parseMethodSpec(spelling);
  const supported = tinyModels.find((fixture) => {
    const model = fixture.make();
    const supports = methods.every(({ definition }) => definition.supports(model) === true);
    model.release();
    return supports;
  });
  return supported ?? tinyModels[0]!;
}
