import {
  adamW,
  forwardBackward,
  predict,
  releaseGradients,
  scheduleFactor,
  sgd,
  trainStep,
  trainedParameters,
  type NamedParameter,
  type Optimizer,
  type OptimizerDefinition,
} from '@leantune/core';
import type { ParityCase, ParityRun } from './caseFile.js';
import {
  analyticZero,
  compareAbsolute,
  compareL2,
  compareRelative,
  compareToMaximum,
  maxAbsolute,
  notComparable,
  type Comparison,
} from './compare.js';
import { loadRun, parameterName, readBatch, readMicroBatch, referenceNames, type LoadedRun } from './loadCase.js';
import { parityMessages } from './messages.js';
import { runQuantization } from './quantization.js';

/** Runs one run of a case on the active backend and compares everything it names. */
export async function executeRun(parityCase: ParityCase, run: ParityRun): Promise<Comparison[]> {
  if (run.task === 'quantize') return runQuantization(parityCase, run);
  const loaded = await loadRun(parityCase, run);
  try {
    return run.optimizer === undefined ? await runOnce(loaded, run) : await runOptimizer(loaded, run);
  } finally {
    releaseGradients(trainedParameters(loaded.model));
    loaded.model.release();
    await loaded.golden.close();
  }
}

/** What a run computed, by the names that `compare` uses. */
interface Computed {
  loss: number;
  logits: Float32Array;
  hidden?: Float32Array;
}

async function runOnce({ model, applied, golden }: LoadedRun, run: ParityRun): Promise<Comparison[]> {
  const { batch, tokens } = await readBatch(golden, run);
  let computed: Computed | undefined;
  if (run.mode === 'train') {
    forwardBackward(model, batch, {
      seed: 0,
      microStep: 0,
      tokens,
      onOutput: ({ loss, logits, hidden }) => {
        computed = { loss: loss.item(), logits: Float32Array.from(logits.read() as Float32Array) };
        if (hidden !== undefined) computed.hidden = Float32Array.from(hidden.read() as Float32Array);
      },
    });
  } else {
    // The reference arranged this batch itself: the method must not do it again.
    model.evaluationArrangement = undefined;
    computed = predict(model, batch);
  }
  const { loss, logits, hidden } = computed!;
  const comparisons: Comparison[] = [];
  for (const [key, tensor] of Object.entries(run.compare)) {
    const logitsTolerance = run.tolerance.logits_abs ?? 0;
    switch (key) {
      case 'loss':
        comparisons.push(
          compareAbsolute(tensor, [loss], await golden.readFloat64(tensor), run.tolerance.loss_abs ?? 0),
        );
        break;
      case 'logits':
        comparisons.push(compareAbsolute(tensor, logits, await golden.readFloat64(tensor), logitsTolerance));
        break;
      case 'selectedHidden':
        comparisons.push(compareAbsolute(tensor, hidden ?? [], await golden.readFloat64(tensor), logitsTolerance));
        break;
      case 'gradients':
        comparisons.push(...(await compareGradients(model.namedParameters(), golden, tensor, run)));
        break;
      case 'merged_logits': {
        applied.merge?.();
        const merged = predict(model, batch);
        comparisons.push(compareAbsolute(tensor, merged.logits, await golden.readFloat64(tensor), logitsTolerance));
        break;
      }
      default:
        comparisons.push(notComparable(tensor, parityMessages.unknownComparison(key)));
    }
  }
  return comparisons;
}

async function compareGradients(
  parameters: Iterable<NamedParameter>,
  golden: LoadedRun['golden'],
  prefix: string,
  run: ParityRun,
): Promise<Comparison[]> {
  const byName = new Map(parameters);
  const comparisons: Comparison[] = [];
  const expected = golden.names().filter((name) => name.startsWith(prefix));
  for (const stored of expected) {
    const parameter = byName.get(parameterName(prefix, stored));
    if (parameter?.gradient === undefined) {
      const note = parameter === undefined ? parityMessages.unknownParameter() : parityMessages.noGradient();
      comparisons.push(notComparable(stored, note));
      continue;
    }
    const actual = parameter.gradient.read();
    const values = await golden.readFloat64(stored);
    const { grad_rel_l2: l2, grad_rel_to_tensor_max: toMaximum } = run.tolerance;
    if (toMaximum !== undefined || l2 === undefined) {
      comparisons.push(compareToMaximum(stored, actual, values, toMaximum ?? 0));
    } else {
      comparisons.push(compareL2(stored, actual, values, l2));
    }
  }
  for (const [name, parameter] of byName) {
    if (parameter.gradient === undefined || referenceNames(prefix, name).some((stored) => golden.has(stored))) continue;
    comparisons.push(notComparable(name, parityMessages.unexpectedGradient()));
  }
  return comparisons;
}

async function runOptimizer({ model, golden }: LoadedRun, run: ParityRun): Promise<Comparison[]> {
  const settings = run.optimizer!;
  const definition = optimizerOf(settings);
  const trained = trainedParameters(model);
  const optimizer = definition.create(trained);
  const losses: number[] = [];
  const norms: number[] = [];
  const rates: number[] = [];
  /** Largest gradient that each parameter ever received. */
  const largestGradient = new Map<string, number>();
  const observed: Optimizer = {
    stateBytes: 0,
    release: () => optimizer.release(),
    step: (rate, scale) => {
      for (const [name, { gradient }] of trained) {
        if (gradient === undefined) continue;
        largestGradient.set(name, Math.max(largestGradient.get(name) ?? 0, maxAbsolute(gradient.read())));
      }
      optimizer.step(rate, scale);
    },
  };
  try {
    const steps = run.steps ?? settings.totalSteps;
    const schedule = { name: settings.schedule, warmupSteps: settings.warmupSteps, totalSteps: settings.totalSteps };
    for (let step = 0; step < steps; step++) {
      const microStep = step * run.microBatchesPerStep;
      const indices = Array.from({ length: run.microBatchesPerStep }, (_, index) => microStep + index);
      const batches = await Promise.all(indices.map((index) => readMicroBatch(golden, run.task, index)));
      const learningRate = definition.learningRate * scheduleFactor(schedule, step);
      const result = trainStep(model, observed, trained, batches, {
        seed: 0,
        microStep,
        learningRate,
        // Without clipping the norm is still compared: a bound that is never reached.
        maxGradNorm: settings.maxGradNorm ?? Number.MAX_VALUE,
      });
      losses.push(result.loss!);
      rates.push(learningRate);
      norms.push(result.gradientNorm!);
    }
  } finally {
    optimizer.release();
  }
  const { tolerance } = run;
  const comparisons: Comparison[] = [];
  for (const [key, tensor] of Object.entries(run.compare)) {
    switch (key) {
      case 'losses':
        comparisons.push(compareAbsolute(tensor, losses, await golden.readFloat64(tensor), tolerance.loss_abs ?? 0));
        break;
      case 'learningRates':
        comparisons.push(
          compareAbsolute(tensor, rates, await golden.readFloat64(tensor), tolerance.learning_rate_abs ?? 0),
        );
        break;
      case 'gradientNorms':
        comparisons.push(
          compareRelative(tensor, norms, await golden.readFloat64(tensor), tolerance.gradient_norm_rel ?? 0),
        );
        break;
      case 'finalParameters':
        comparisons.push(...(await compareFinal(model.namedParameters(), golden, tensor, run, largestGradient)));
        break;
      default:
        comparisons.push(notComparable(tensor, parityMessages.unknownComparison(key)));
    }
  }
  return comparisons;
}

function optimizerOf(settings: NonNullable<ParityRun['optimizer']>): OptimizerDefinition {
  const { learningRate, weightDecay, decay, noDecayNamesContaining } = settings;
  const excludeFromDecay = (name: string) => noDecayNamesContaining.some((part) => name.includes(part));
  if (settings.name === 'sgd') {
    return sgd({ learningRate, weightDecay, excludeFromDecay, momentum: settings.momentum ?? 0 });
  }
  return adamW({
    learningRate,
    weightDecay,
    decay,
    excludeFromDecay,
    beta1: settings.beta1 ?? 0.9,
    beta2: settings.beta2 ?? 0.999,
    epsilon: settings.epsilon ?? 1e-8,
  });
}

async function compareFinal(
  parameters: Iterable<NamedParameter>,
  golden: LoadedRun['golden'],
  prefix: string,
  run: ParityRun,
  largestGradient: ReadonlyMap<string, number>,
): Promise<Comparison[]> {
  const byName = new Map(parameters);
  const comparisons: Comparison[] = [];
  for (const stored of golden.names().filter((name) => name.startsWith(prefix))) {
    const name = parameterName(prefix, stored);
    const parameter = byName.get(name);
    if (parameter === undefined) {
      comparisons.push(notComparable(stored, parityMessages.unknownParameter()));
      continue;
    }
    // Adam divides the rounding noise of an analytically zero gradient by its own size: nothing to compare.
    const gradient = largestGradient.get(name);
    if (gradient !== undefined && gradient <= analyticZero) continue;
    const expected = await golden.readFloat64(stored);
    const tolerance = run.tolerance.final_rel_to_tensor_max ?? 0;
    comparisons.push(compareToMaximum(stored, parameter.read(), expected, tolerance));
  }
  return comparisons;
}
