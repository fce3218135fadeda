import { adamW, isBiasOrNorm, measureStepMemory, trainStep, trainedParameters, withSavingPolicy } from '@leantune/core';
import type { Batch, NamedParameter, Optimizer, StepMemory } from '@leantune/core';
import { applyMethods } from '@leantune/methods';
import type { TransformerModel } from '@leantune/models';
import { loadModel } from '@leantune/models/node';
import type { LoadedModel } from '@leantune/models/node';
import type { ProfileSettings } from './settings.js';

const seed = 0;
const learningRate = 5e-5;
export const maxGradNorm = 1;

/** Two classes: what the batch's labels are drawn from. */
const head = { kind: 'classification', numberOfLabels: 2 } as const;

/** Bytes of one step. */
export type MemoryFigures = Omit<StepMemory, 'timeline' | 'savedBytesByLayer'>;

/** A model with its method, its optimiser and the batch that it is trained on. */
export class Trainee {
  readonly model: TransformerModel;
  private readonly trained: readonly NamedParameter[];
  private readonly optimizer: Optimizer;
  private microStep = 0;

  private constructor(
    readonly loaded: LoadedModel,
    private readonly settings: ProfileSettings,
    private readonly batch: Batch,
  ) {
    this.model = loaded.model;
    this.trained = trainedParameters(this.model);
    this.optimizer = adamW({ learningRate, excludeFromDecay: isBiasOrNorm }).create(this.trained);
  }

  static async load(settings: ProfileSettings, method: string, batch: Batch): Promise<Trainee> {
    const loaded = await loadModel(settings.model, { head, seed, dropout: settings.dropout });
    try {
      applyMethods(loaded.model, method, { seed });
    } catch (error) {
      loaded.model.release();
      throw error;
    }
    return new Trainee(loaded, settings, batch);
  }

  measureMemory(): MemoryFigures {
    const { model, optimizer, trained, batch, microStep } = this;
    const {
      timeline: _timeline,
      savedBytesByLayer: _byLayer,
      ...memory
    } = withSavingPolicy(this.settings.saving, () =>
      measureStepMemory(model, optimizer, trained, batch, { seed, microStep, maxGradNorm }),
    );
    return memory;
  }

  /** Forward, backward, clip, update. */
  step(): void {
    const { model, optimizer, trained, batch, microStep } = this;
    withSavingPolicy(this.settings.saving, () =>
      trainStep(model, optimizer, trained, [batch], { seed, microStep, learningRate, maxGradNorm }),
    );
    this.microStep += 1;
    // A device that queues its work has finished the update once something of it can be read.
    this.smallest()?.read();
  }

  release(): void {
    this.optimizer.release();
    this.model.release();
  }

  private smallest(): NamedParameter[1] | undefined {
    return this.trained.map(([, parameter]) => parameter).sort((a, b) => a.size - b.size)[0];
  }
}
