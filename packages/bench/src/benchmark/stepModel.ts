/** The model of a step job: what it computes at first, and its trainee. */
import {
  RandomStream,
  adamW,
  forwardBackward,
  gradientNorm,
  releaseGradients,
  trainedParameters,
} from '@leantune/core';
import type { Batch, TokenChoice } from '@leantune/core';
import { applyMethods } from '@leantune/methods';
import { saveAdapter } from '@leantune/methods/node';
import { randomModel, readModelConfig } from '@leantune/models';
import type { TransformerModel } from '@leantune/models';
import { findModelConfig, loadModel, saveModel } from '@leantune/models/node';
import { randomBatch } from '../profile/randomBatch.js';
import { Trainee, head } from '../profile/trainee.js';
import type { CheckAnswer, StepJob } from './protocol.js';
import { adapterFolder } from './peerJob.js';

/** Model and method on the random batch, ready for steps. Lives as long as the process. */
export async function makeTrainee(job: StepJob): Promise<Trainee> {
  const { method, seed, dropout, learningRate, weightDecay, maxGradNorm } = job;
  const model = await plainModel(job, dropout);
  applyMethods(model, method, { seed });
  const optimizer = adamW({ learningRate, weightDecay });
  return new Trainee(model, randomBatch(job, job.vocabularySize), { optimizer, maxGradNorm, saving: 'lean' });
}

/**
 * Loss and gradient norm of the batch without dropout, before any update; writes the weights that they belong to into
 * `folder`, as Python's libraries read them: the model, and what the method inserts.
 */
export async function checkStep(job: StepJob, folder: string): Promise<CheckAnswer> {
  const { method, seed } = job;
  const model = await plainModel(job, 0);
  try {
    await saveModel(model, folder);
    applyMethods(model, method, { seed });
    if (model.sites.some((site) => site.isWrapped)) {
      // The peer pools as the method says.
      await saveAdapter(model, adapterFolder(folder), { leavesOutPooling: true });
    }
    return firstStep(model, randomBatch(job, job.vocabularySize), seed);
  } finally {
    model.release();
  }
}

function firstStep(model: TransformerModel, batch: Batch, seed: number): CheckAnswer {
  const trained = trainedParameters(model);
  const tokens = model.tokenSelector?.(batch, new RandomStream(seed, 'tokens', 0));
  try {
    const loss = forwardBackward(model, batch, { seed, microStep: 0, tokens })!;
    return {
      loss,
      gradientNorm: gradientNorm(trained)!,
      trainedParameters: model.parameterCounts().trainable,
      ...(tokens === undefined ? {} : { positions: positionsOf(tokens, batch.size) }),
    };
  } finally {
    releaseGradients(trained);
  }
}

/** [rows][tokens] */
function positionsOf({ positions, tokens }: TokenChoice, rows: number): number[][] {
  return Array.from({ length: rows }, (_, row) => [...positions.subarray(row * tokens, (row + 1) * tokens)]);
}

async function plainModel({ model, randomWeights, seed }: StepJob, dropout: number): Promise<TransformerModel> {
  if (!randomWeights) return (await loadModel(model, { head, seed, dropout })).model;
  const { config, file } = await findModelConfig(model);
  return randomModel(readModelConfig(config, { file, dropout }), head, seed);
}
