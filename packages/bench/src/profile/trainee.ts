import { adamW, isBiasOrNorm, measureStepMemory, trainStep, trainedParameters, withSavingPolicy } from '@leantune/core';
import type { Batch, NamedParameter, Optimizer, OptimizerDefinition, SavingPolicy, StepMemory } from '@leantune/core';
import { applyMethods } from '@leantune/methods';
import type { TransformerModel } from '@leantune/models';
import { loadModel } from '@leantune/models/node';
import type { LoadedModel } from '@leantune/models/node';
import type { ProfileSettings } from './settings.js';

const seed = 0;
const learningRate = 5e-5;
export const maxGradNorm = 1;

/** Two classes: what the batch's labels are drawn from. */
export const head = { kind: 'classification', numberOfLabels: 2 } as const;

/** Bytes of one step. */
export type MemoryFigures = Omit<StepMemory, 'timeline' | 'savedBytesByLayer'>;

/** How a trainee is updated, and what its ops keep. */
export interface TraineeOptions {
  readonly optimizer: OptimizerDefinition;
  readonly maxGradNorm: number;
  readonly saving: SavingPolicy;
}

/** A model with its method, its optimiser and the batch that it is trained on. */
export class Trainee {
  private readonly trained: readonly NamedParameter[];
  private readonly optimizer: Optimizer;
  private microStep = 0;

  constructor(
    readonly model: TransformerModel,
    private readonly batch: Batch,
    private readonly options: TraineeOptions,
  ) {
    this.trained = trainedParameters(model);
    this.optimizer = options.optimizer.create(this.trained);
  }

  measureMemory(): MemoryFigures {
    const { model, optimizer, trained, batch, microStep } = this;
    const { maxGradNorm, saving } = this.options;
    const {
      timeline: _timeline,
      savedBytesByLayer: _byLayer,
      ...memory
    } = withSavingPolicy(saving, () =>
      measureStepMemory(model, optimizer, trained, batch, { seed, microStep, maxGradNorm }),
    );
    return memory;
  }

  /** Forward, backward, clip, update. Answers the loss, where the backend holds values. */
  step(): number | undefined {
    const { model, optimizer, trained, batch, microStep } = this;
    const { maxGradNorm, saving } = this.options;
    const { learningRate } = this.options.optimizer;
    const { loss } = withSavingPolicy(saving, () =>
      trainStep(model, optimizer, trained, [batch], { seed, microStep, learningRate, maxGradNorm }),
    );
    this.microStep += 1;
    // A device that queues its work has finished the update once something of it can be read.
    this.smallest()?.read();
    return loss;
  }

  release(): void {
    this.optimizer.release();
    this.model.release();
  }

  private smallest(): NamedParameter[1] | undefined {
    return this.trained.map(([, parameter]) => parameter).sort((a, b) => a.size - b.size)[0];
  }
}

/** A trainee of `leantune profile`, and where its weights came from. */
export async function loadTrainee(
  { model: name, dropout, saving }: Pick<ProfileSettings, 'model' | 'dropout' | 'saving'>,
  method: string,
  batch: Batch,
): Promise<{ readonly trainee: Trainee; readonly loaded: LoadedModel }> {
  const loaded = await loadModel(name, { head, seed, dropout });
  const { model } = loaded;
  try {
    applyMethods(model, method, { seed });
  } catch (error) {
    model.release();
    throw error;
  }
  const optimizer = adamW({ learningRate, excludeFromDecay: isBiasOrNorm });
  return { trainee: new Trainee(model, batch, { optimizer, maxGradNorm, saving }), loaded };
}
