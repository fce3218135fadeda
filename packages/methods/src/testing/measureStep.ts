import {
  memoryMeter,
  sgd,
  trainStep,
  trainedParameters,
  withSavingPolicy,
  type Batch,
  type MemorySnapshot,
  type SavingPolicy,
} from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import { applyMethods } from '../index.js';

/** What the meter sees of one training step of `model` under a method, by SGD that changes nothing; releases the model. */
export function measureStep(
  model: TransformerModel,
  spelling: string,
  policy: SavingPolicy,
  batch: Batch,
): MemorySnapshot {
  applyMethods(model, spelling);
  const trained = trainedParameters(model);
  const optimizer = sgd({ learningRate: 0 }).create(trained);
  memoryMeter().resetPeak();
  withSavingPolicy(policy, () =>
    trainStep(model, optimizer, trained, [batch], { seed: 0, microStep: 0, learningRate: 0 }),
  );
  const snapshot = memoryMeter().snapshot();
  model.release();
  return snapshot;
}
