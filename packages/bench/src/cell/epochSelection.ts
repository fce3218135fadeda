/**
 * `select: best-dev`: of all epochs the one whose score on the task's selecting split is best is reported, and training
 * stops when no better one has come for a while (transformers' load_best_model_at_end and EarlyStoppingCallback).
 */
import type { NamedParameter } from '@leantune/core';
import type { LoadedTask } from '@leantune/tasks';
import { messages } from '../messages.js';
import type { CellOutcome, Metric, TrainingSettings } from './contract.js';

type Settings = Pick<TrainingSettings, 'select' | 'patience'>;

/** A metric that an epoch may be judged by. */
type Criterion = Metric & { readonly value: number };

export class EpochSelection {
  /** Whether a score selects the epoch. */
  readonly selects: boolean;
  private readonly stop = new AbortController();
  private readonly patience: number;
  private best: { readonly epoch: number; readonly criterion: Criterion } | undefined;
  private values: ReadonlyMap<string, Float32Array> | undefined;
  private epochs = 0;

  /**
   * @param kept parameters whose values are needed again after training; none: the metrics of the epoch are enough
   * @throws UsageError where the split that selects is not there
   */
  constructor(
    { select, patience = Infinity }: Settings,
    private readonly task: LoadedTask,
    private readonly kept: readonly NamedParameter[],
  ) {
    this.selects = select === 'best-dev';
    this.patience = patience;
    if (this.selects) task.rows(task.declaration.splits.select);
  }

  /** Ends training after the epoch. */
  get signal(): AbortSignal {
    return this.stop.signal;
  }

  /** Takes the metrics after an epoch. */
  add(metrics: readonly Metric[]): void {
    this.epochs += 1;
    const criterion = this.selects ? this.criterionOf(metrics) : undefined;
    if (criterion !== undefined && this.isBetter(criterion)) {
      this.best = { epoch: this.epochs, criterion };
      this.values = new Map(this.kept.map(([name, parameter]) => [name, Float32Array.from(parameter.read())]));
    }
    if (this.selects && this.epochs - (this.best?.epoch ?? 0) >= this.patience) this.stop.abort();
  }

  /** The epoch that counts, from 1: the last one where none was ever judged. */
  get epoch(): number {
    return this.best?.epoch ?? this.epochs;
  }

  /** For the result; empty where the last epoch counts. */
  get outcome(): Pick<CellOutcome, 'selected'> {
    if (this.best === undefined) return {};
    const { name, split, value } = this.best.criterion;
    return { selected: { epoch: this.best.epoch, epochs: this.epochs, metric: name, split, value } };
  }

  /** What a reader must know where nothing could be selected. */
  get warnings(): readonly string[] {
    return this.selects && this.best === undefined
      ? [messages.nothingSelected(this.task.declaration.splits.select)]
      : [];
  }

  /** Gives the parameters the values that they had after the epoch that counts. */
  restore(): void {
    for (const [name, parameter] of this.kept) {
      const values = this.values?.get(name);
      if (values !== undefined) parameter.fill(values);
    }
    this.values = undefined;
  }

  /** What a language model has still to learn (MEFT selects by the loss), else the task's first metric. */
  private criterionOf(metrics: readonly Metric[]): Criterion | undefined {
    const found = metrics.filter(({ split }) => split === this.task.declaration.splits.select);
    const { name, split, value, direction } = found.find((metric) => metric.name === 'loss') ?? found[0]!;
    return value === undefined ? undefined : { name, split, value, direction };
  }

  /** Of equals the first. */
  private isBetter({ value, direction }: Criterion): boolean {
    if (this.best === undefined) return true;
    const before = this.best.criterion.value;
    return direction === 'higher' ? value > before : value < before;
  }
}
