/** The rows with raw numbers (bytes, ms, shares) for other programs. Empty: not measured. */
import papaparse from 'papaparse';
import { endsOf } from './aggregate.js';
import type { Row } from './aggregate.js';

export function renderCsv(rows: readonly Row[]): string {
  const withDevice = rows.some(({ measured }) => measured?.device !== undefined);
  const records = rows.map((row) => ({ ...record(row), ...(withDevice ? devicePeaks(row) : {}) }));
  return `${papaparse.unparse(records, { newline: '\n' })}\n`;
}

/** Every score of every row, one a line. Empty: none, or a metric without a standard error. */
export function renderScoresCsv(rows: readonly Row[]): string {
  const records = rows.flatMap(({ config, label, measured }) =>
    (measured?.scores ?? []).map((score) => ({
      model: config.model,
      task: config.task.name,
      label,
      method: config.method,
      metric: score.name,
      split: score.split,
      direction: score.direction,
      mean: score.mean,
      std: score.std,
      standardError: score.standardError,
      seeds: score.n,
    })),
  );
  return `${papaparse.unparse(records, { newline: '\n' })}\n`;
}

/** Columns of their own: these are no logical bytes. */
function devicePeaks({ measured }: Row): Record<string, number | undefined> {
  return {
    deviceAllocatedPeakBytes: measured?.device?.allocatedPeakBytes,
    deviceReservedPeakBytes: measured?.device?.reservedPeakBytes,
  };
}

function record(row: Row): Record<string, string | number | undefined> {
  const { measured } = row;
  const score = measured?.scores[0];
  return {
    model: row.config.model,
    task: row.config.task.name,
    label: row.label,
    method: row.config.method,
    status: [...(row.ok.length > 0 ? ['ok'] : []), ...endsOf(row)].join('+'),
    stale: row.stale ? 'yes' : 'no',
    seeds: row.ok.map((result) => result.config.seed).join(' '),
    metric: score?.name,
    scoreMean: score?.mean,
    scoreStd: score?.std,
    scoreCount: score?.n,
    selectedEpochs: row.ok.flatMap(({ outcome }) => outcome.selected?.epoch ?? []).join(' '),
    trainableParameters: measured?.trainable,
    totalParameters: measured?.total,
    peakBytes: measured?.peakBytes,
    parametersBytes: measured?.categories.parameters,
    gradientsBytes: measured?.categories.gradients,
    optimizerStateBytes: measured?.categories.optimizerState,
    savedActivationsBytes: measured?.categories.savedActivations,
    batchBytes: measured?.categories.batch,
    workspaceBytes: measured?.categories.workspace,
    savedBytes: measured?.savedBytes,
    stepMs: measured?.stepMs,
    learningRate: row.config.training.learningRate,
    batchSize: row.config.training.batchSize,
    epochs: row.config.training.epochs,
    backend: row.config.backend,
  };
}
