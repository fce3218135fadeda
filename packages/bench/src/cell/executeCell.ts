import {
  adamW,
  isBiasOrNorm,
  largerPeaks,
  memoryMeter,
  precisions,
  sgd,
  train,
  trainedParameters,
  useBackend,
  withParameterStorage,
  type Batch,
  type DevicePeaks,
  type DeviceSnapshot,
  type OptimizerDefinition,
  type Precision,
  type StepMemory,
  type StepRecord,
  type TimelinePoint,
} from '@leantune/core';
import { loadBackend } from '@leantune/core/node';
import { applyMethods } from '@leantune/methods';
import { loadModel, type LoadedModel } from '@leantune/models/node';
import { EncodedCache, loadTask, type LoadedTask, type ReadingOptions } from '@leantune/tasks';
import { median, medianAbsoluteDeviation } from 'simple-statistics';
import { loadedPlugins } from '../plugins/loadPlugins.js';
import { codeFingerprint } from '../result/fingerprint.js';
import type { CellHooks, CellOutcome, ExecuteCell, TrainingSettings } from './contract.js';
import { EpochSelection } from './epochSelection.js';
import { CellScoring, longestInput, promptsOf } from './scoreCell.js';

/** Points that a stored timeline has at most. */
const TIMELINE_POINTS = 400;

/** Optimiser steps that are not timed: first uses of kernels and the making of optimiser state. */
const WARMUP_STEPS = 3;

/** Trains and scores one cell in this process. */
export const executeCell: ExecuteCell = async (config, hooks) => {
  const start = performance.now();
  const backend = await loadBackend(config.backend, { requestedBy: 'the sweep' });
  await useBackend(backend);
  memoryMeter().limitBytes = config.limits.memoryBytes;

  const { trainRows, devRows } = config.task;
  const data = await loadTask(config.task.name, {
    ...(trainRows === undefined ? {} : { trainRows }),
    ...(devRows === undefined ? {} : { devRows }),
  });
  const { trainSplit } = data;
  const precision: Precision = precisions[config.training.precision ?? 'fp32'];
  const loaded = await loadModel(config.model, {
    storage: precision.storage,
    head: data.heads,
    seed: config.seed,
    dropout: config.dropout,
    onLog: hooks.onLog,
  });
  const { model } = loaded;
  const task = data.withHead(model.head);
  model.autocast = precision.autocast;
  withParameterStorage(precision.storage, () =>
    applyMethods(model, config.method, {
      seed: config.seed,
      maxLength: longestInput(task, model.maxPositions, config.task),
    }),
  );

  const prompts = promptsOf(config.task);
  task.checkPrompts(prompts);
  const reading: ReadingOptions =
    task.reads === 'images'
      ? { imageProcessor: loaded.imageProcessor }
      : {
          tokenizer: loaded.tokenizer,
          maxLength: config.task.maxLength,
          encodedCache: encodedCacheOf(loaded),
          ...prompts,
        };
  const batching = { size: config.training.batchSize, ...reading };
  const padding = config.training.padding === 'max-length' ? 'maximum' : 'longest';
  const order = config.training.groupByLength === true ? 'grouped' : 'shuffled';
  const batches = task.batches(trainSplit, { ...batching, padding, order, seed: config.seed });
  const worst = fullLength(
    task.batches(trainSplit, { ...batching, padding: 'maximum', seed: config.seed }).batch(0, 0),
  );
  model.checkBatch(worst); // what only the last step would find out

  const scoring = new CellScoring(model, batching, hooks);
  const selection = new EpochSelection(
    config.training,
    task,
    config.task.evaluate === undefined ? [] : trainedParameters(model),
  );
  const epochs: CellOutcome['epochs'][number][] = [];
  let evaluationPeaks: DevicePeaks | undefined;
  let epochStart = performance.now();
  let epochLosses: number[] = [];
  const result = await train(model, batches, {
    optimizer: optimizerOf(config.training),
    epochs: config.training.epochs,
    seed: config.seed,
    schedule: config.training.schedule,
    warmupRatio: config.training.warmupRatio,
    warmupSteps: config.training.warmupSteps,
    maxGradNorm: config.training.maxGradNorm === 0 ? undefined : config.training.maxGradNorm,
    gradientAccumulation: config.training.gradientAccumulation,
    saving: config.saving,
    maxSteps: config.limits.steps,
    memoryBatch: worst,
    signal: selection.signal,
    onStep: async (record) => {
      if (Number.isFinite(record.loss)) epochLosses.push(record.loss);
      await report(record, hooks);
    },
    onEpoch: async (epoch) => {
      const total = epochLosses.reduce((sum, loss) => sum + loss, 0);
      const trainLoss = total / epochLosses.length;
      memoryMeter().resetPeak();
      const metrics = await scoring.evaluateEpoch(task, selection.selects);
      const evaluation = memoryMeter().deviceSnapshot();
      if (evaluation !== undefined) evaluationPeaks = largerPeaks(evaluationPeaks, evaluation);
      epochs.push({
        epoch: epoch + 1,
        trainLoss,
        metrics,
        seconds: secondsSince(epochStart),
      });
      selection.add(metrics);
      epochStart = performance.now();
      epochLosses = [];
    },
  });
  // Of the last thing that training does: the step that measures memory.
  const device = describeDevice(memoryMeter().deviceSnapshot(), evaluationPeaks);
  selection.restore();
  const others = await scoring.evaluateOthers(config.task.evaluate ?? []);
  return {
    metrics: [...epochs[selection.epoch - 1]!.metrics, ...others],
    ...selection.outcome,
    epochs,
    loss: summarizeLoss(result.steps),
    memory: { ...describeMemory(result.memory), ...(device === undefined ? {} : { device }) },
    time: { ...stepTimes(result.steps), totalSeconds: secondsSince(start) },
    parameters: model.parameterCounts(),
    sources: describeSources(loaded, task, trainSplit),
    backend: { name: backend.name, device: backend.device.description, details: backend.details },
    warnings: [...loaded.warnings, ...task.warnings, ...scoring.warnings, ...selection.warnings],
  };
};

/** Encoded rows are kept from cell to cell where the tokenizer is a known one. */
function encodedCacheOf({ tokenizerSha256 }: LoadedModel): EncodedCache | undefined {
  if (tokenizerSha256 === undefined) return undefined;
  const code = () => [codeFingerprint([]), ...loadedPlugins().map(({ sha256 }) => sha256)].join();
  return new EncodedCache({ tokenizerSha256, code });
}

function optimizerOf(training: TrainingSettings): OptimizerDefinition {
  const { learningRate, weightDecay, optimizer } = training;
  const common = { learningRate, weightDecay, excludeFromDecay: isBiasOrNorm, fused: optimizer.fused };
  if (optimizer.name === 'sgd') return sgd({ ...common, momentum: optimizer.momentum });
  const { beta1, beta2, epsilon } = optimizer;
  return adamW({ ...common, beta1, beta2, epsilon });
}

/** The worst case for memory: every token of every row counts as a real one. Images have one size. */
function fullLength(batch: Batch): Batch {
  const { attentionMask } = batch.inputs;
  if (attentionMask === undefined) return batch;
  const data = new Int32Array(attentionMask.data.length).fill(1);
  return { ...batch, inputs: { ...batch.inputs, attentionMask: { dtype: 'int32', shape: attentionMask.shape, data } } };
}

async function report(record: StepRecord, hooks: CellHooks): Promise<void> {
  const { epoch, step, totalSteps, loss, learningRate, gradientNorm, skipped, stepMs, peakBytes } = record;
  hooks.onProgress({ epoch: epoch + 1, step, totalSteps, phase: 'train', loss, peakBytes, stepMs });
  await hooks.onStep({
    step,
    epoch: epoch + 1,
    loss,
    learningRate,
    ...(gradientNorm === undefined ? {} : { gradNorm: gradientNorm }),
    ...(skipped === undefined ? {} : { skipped }),
    stepMs,
    peakBytes,
  });
}

function summarizeLoss(steps: readonly StepRecord[]): CellOutcome['loss'] {
  // Of a skipped step the loss may be infinite: it taught nothing.
  const losses = steps.map(({ loss }) => loss).filter(Number.isFinite);
  const skippedSteps = steps.filter(({ skipped }) => skipped).length;
  return {
    first: losses[0]!,
    last: losses.at(-1)!,
    minimum: Math.min(...losses),
    steps: steps.length,
    ...(skippedSteps > 0 && { skippedSteps }),
  };
}

function stepTimes(steps: readonly StepRecord[]): Pick<CellOutcome['time'], 'stepMs'> {
  const timed = steps.slice(WARMUP_STEPS).map(({ stepMs }) => stepMs);
  if (timed.length === 0) return {};
  const warmup = steps.length - timed.length;
  return { stepMs: { median: median(timed), mad: medianAbsoluteDeviation(timed), n: timed.length, warmup } };
}

function describeMemory({ savedBytesByLayer: _byLayer, timeline, ...memory }: StepMemory): CellOutcome['memory'] {
  return { ...memory, timeline: thin(timeline) };
}

function describeDevice(
  step: DeviceSnapshot | undefined,
  evaluation: DevicePeaks | undefined,
): CellOutcome['memory']['device'] {
  if (step === undefined) return undefined;
  const phases = { ...step.phases, ...(evaluation === undefined ? {} : { evaluation }) };
  return { ...step, phases };
}

/** The highest point of each of at most `TIMELINE_POINTS` equal stretches: the peak stays. */
function thin(timeline: readonly TimelinePoint[]): NonNullable<CellOutcome['memory']['timeline']> {
  const stretch = Math.max(1, Math.ceil(timeline.length / TIMELINE_POINTS));
  const points: NonNullable<CellOutcome['memory']['timeline']> = [];
  for (let begin = 0; begin < timeline.length; begin += stretch) {
    let highest = begin;
    for (let event = begin; event < Math.min(begin + stretch, timeline.length); event++) {
      if (timeline[event]!.liveBytes > timeline[highest]!.liveBytes) highest = event;
    }
    const { liveBytes, phase } = timeline[highest]!;
    points.push({ event: highest, bytes: liveBytes, phase });
  }
  return points;
}

function describeSources(loaded: LoadedModel, task: LoadedTask, trainSplit: string): CellOutcome['sources'] {
  const { source, random, weightsSha256, tokenizerSha256 } = loaded;
  const rows = Object.entries(task.provenance.splits).map(([split, used]): [string, number] => [split, used.rows]);
  return {
    weights: { source, random, ...(weightsSha256 === undefined ? {} : { sha256: weightsSha256 }) },
    ...(task.reads === 'images'
      ? {}
      : {
          tokenizer: {
            source: `${loaded.tokenizer.kind} of ${source}`,
            ...(tokenizerSha256 === undefined ? {} : { sha256: tokenizerSha256 }),
          },
        }),
    dataset: {
      source: `${task.name} (${task.provenance.status})`,
      sha256: task.provenance.datasetSha256,
      rows: Object.fromEntries(rows),
      trainSplit,
      reportSplit: task.declaration.splits.report[0],
    },
  };
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
