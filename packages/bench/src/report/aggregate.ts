/** Cells that differ only in their seed → one row of figures. */
import { largerPeaks, type DevicePeaks } from '@leantune/core';
import { mean, median, sampleStandardDeviation } from 'simple-statistics';
import { canonicalJson } from '../cell/cellId.js';
import type { CellConfig, MemoryCategory } from '../cell/contract.js';
import type { CellResult, OkResult } from '../result/schema.js';
import type { LoadedCell } from './loadRun.js';

export type SeedlessConfig = Omit<CellConfig, 'seed'>;

export interface Score {
  readonly name: string;
  readonly direction: 'higher' | 'lower';
  readonly split: string;
  readonly mean: number;
  /** Sample standard deviation; absent for a single seed. */
  readonly std?: number;
  /** Over the rows of the split, mean over the seeds; absent where the metric has none. */
  readonly standardError?: number;
  readonly n: number;
}

/** Figures over the seeds that ended well. Memory is that of the seed with the largest peak. */
export interface Measured {
  /** The headline metric first. A metric that is undefined for every seed is left out. */
  readonly scores: readonly Score[];
  readonly peakBytes: number;
  readonly categories: Readonly<Record<MemoryCategory, number>>;
  readonly savedBytes: number;
  /** Peaks of the device's own allocator; absent where it cannot be asked. */
  readonly device?: DevicePeaks;
  readonly trainable: number;
  readonly total: number;
  readonly stepMs?: number;
}

export interface Row {
  readonly label: string;
  readonly config: SeedlessConfig;
  readonly cells: readonly LoadedCell[];
  readonly ok: readonly OkResult[];
  readonly stale: boolean;
  /** Absent where no seed ended well. */
  readonly measured?: Measured;
}

/** Rows in the order of their first cell. */
export function aggregate(cells: readonly LoadedCell[]): Row[] {
  const groups = new Map<string, LoadedCell[]>();
  for (const cell of cells) {
    const key = canonicalJson({ label: cell.label, ...seedless(cell.config) });
    groups.set(key, [...(groups.get(key) ?? []), cell]);
  }
  return [...groups.values()].map(toRow);
}

function toRow(cells: readonly LoadedCell[]): Row {
  const first = cells[0];
  if (first === undefined) throw new RangeError('a row needs a cell');
  const ok = cells.flatMap((cell) => (cell.result?.status === 'ok' ? [cell.result] : []));
  return {
    label: first.label,
    config: seedless(first.config),
    cells,
    ok,
    stale: cells.some((cell) => cell.stale),
    ...(ok.length === 0 ? {} : { measured: measure(ok) }),
  };
}

function measure(results: readonly OkResult[]): Measured {
  const outcomes = results.map((result) => result.outcome);
  const worst = outcomes.reduce((a, b) => (b.memory.peakBytes > a.memory.peakBytes ? b : a));
  const device = outcomes.reduce<DevicePeaks | undefined>(
    (largest, { memory }) => (memory.device === undefined ? largest : largerPeaks(largest, memory.device)),
    undefined,
  );
  const steps = outcomes.flatMap((outcome) => (outcome.time.stepMs === undefined ? [] : [outcome.time.stepMs.median]));
  return {
    scores: scoresOf(results),
    peakBytes: worst.memory.peakBytes,
    categories: worst.memory.categories,
    savedBytes: Math.max(...outcomes.map((outcome) => outcome.memory.savedBytes)),
    ...(device === undefined ? {} : { device }),
    trainable: worst.parameters.trainable,
    total: worst.parameters.total,
    ...(steps.length === 0 ? {} : { stepMs: median(steps) }),
  };
}

function scoresOf(results: readonly OkResult[]): Score[] {
  const metrics = results[0]?.outcome.metrics ?? [];
  return metrics.flatMap((metric) => {
    const same = results.flatMap((result) =>
      result.outcome.metrics.filter((other) => other.name === metric.name && other.split === metric.split),
    );
    const values = same.flatMap(({ value }) => value ?? []);
    if (values.length === 0) return [];
    const errors = same.flatMap(({ value, standardError }) => (value === undefined ? [] : (standardError ?? [])));
    const { name, direction, split } = metric;
    const spread = values.length > 1 ? { std: sampleStandardDeviation(values) } : {};
    const error = errors.length === values.length ? { standardError: mean(errors) } : {};
    return [{ name, direction, split, mean: mean(values), ...spread, ...error, n: values.length }];
  });
}

function seedless(config: CellConfig): SeedlessConfig {
  const { seed: _seed, ...rest } = config;
  return rest;
}

/** Ends other than ok, for words in tables: the most telling one first. */
export function endsOf(row: Row): CellResult['status'][] {
  const order: CellResult['status'][] = ['oom', 'failed', 'interrupted'];
  const found = row.cells.flatMap((cell) => (cell.result === undefined ? [] : [cell.result.status]));
  return order.filter((status) => found.includes(status));
}
