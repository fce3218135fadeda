/** Scores of a cell's model: on the splits of its task, and on other tasks. */
import {
  getMetric,
  loadTask,
  type EvaluateOptions,
  type LoadedTask,
  type MetricName,
  type PromptOptions,
  type ReadingOptions,
  type TaskScore,
} from '@leantune/tasks';
import type { TransformerModel } from '@leantune/models';
import type { CellConfig, CellHooks, Metric } from './contract.js';

type TaskSettings = CellConfig['task'];

/** The settings of a task that say how questions are put. */
export function promptsOf(settings: Pick<TaskSettings, keyof PromptOptions>): PromptOptions {
  const { trainTemplate, evalTemplate, shots, specialTokens } = settings;
  return {
    ...(trainTemplate === undefined ? {} : { trainTemplate }),
    ...(evalTemplate === undefined ? {} : { evalTemplate }),
    ...(shots === undefined ? {} : { shots }),
    ...(specialTokens === undefined ? {} : { specialTokens }),
  };
}

/** Longest input in tokens: what rows of text are cut to; an image is always as long as the model can read. */
export function longestInput(
  task: Pick<LoadedTask, 'reads'>,
  maxPositions: number,
  { maxLength }: Pick<TaskSettings, 'maxLength'>,
): number {
  return task.reads === 'images' ? maxPositions : maxLength;
}

export class CellScoring {
  /** What a reader of the scores must know, each once. */
  readonly warnings: string[] = [];

  constructor(
    private readonly model: TransformerModel,
    private readonly options: EvaluateOptions<ReadingOptions>,
    private readonly hooks: Pick<CellHooks, 'breathe'>,
  ) {}

  /**
   * Scores after an epoch: every split that the task reports, and what a language model still has to learn of the split
   * that selects; the scores of this one too where they select an epoch.
   */
  async evaluateEpoch(task: LoadedTask, selects: boolean): Promise<Metric[]> {
    const { select } = task.declaration.splits;
    if (!isPrompted(task)) {
      return this.evaluate(task, selects ? [...new Set([...task.reportSplits, select])] : task.reportSplits);
    }
    const metrics = await this.evaluate(task, task.reportSplits);
    const loss = await task.loss(this.model, select, { ...this.options, breathe: this.hooks.breathe });
    return loss === undefined ? metrics : [...metrics, ...metricsOf(['loss'], loss, loss.split)];
  }

  private async evaluate(
    task: LoadedTask,
    splits: readonly string[],
    options: Partial<EvaluateOptions> = {},
    prefix = '',
  ): Promise<Metric[]> {
    const metrics: Metric[] = [];
    const own = { ...this.options, ...options, breathe: this.hooks.breathe };
    for (const split of splits) {
      // A question to a language model may be as long as that can read: `maxLength` is for training.
      const length = isPrompted(task) ? { maxLength: this.model.maxPositions } : {};
      metrics.push(...this.described(task, await task.evaluate(this.model, split, { ...own, ...length }), prefix));
    }
    return metrics;
  }

  /** Other tasks than the trained one; the splits of their metrics begin with the task's name. */
  async evaluateOthers(others: NonNullable<TaskSettings['evaluate']>): Promise<Metric[]> {
    const metrics: Metric[] = [];
    for (const { name, shots = 0, devRows } of others) {
      const data = await loadTask(name, devRows === undefined ? {} : { devRows });
      const task = data.withHead(this.model.head);
      metrics.push(...(await this.evaluate(task, task.reportSplits, { shots }, `${task.name}/`)));
      this.warnings.push(...task.warnings);
    }
    return metrics;
  }

  private described(task: LoadedTask, score: TaskScore, prefix: string): Metric[] {
    for (const warning of score.warnings ?? []) if (!this.warnings.includes(warning)) this.warnings.push(warning);
    // A metric of another way of scoring the task is not there at all; one that is undefined here is named.
    const names = task.declaration.metrics.filter(
      (name) => name in score.metrics || score.undefinedMetrics.includes(name),
    );
    const groups = Object.entries(score.groups ?? {}).flatMap(([group, part]) =>
      metricsOf(names, part, `${prefix}${score.split}/${group}`),
    );
    return [...metricsOf(names, score, `${prefix}${score.split}`), ...groups];
  }
}

/** Questions that are put to a language model. */
const isPrompted = ({ declaration, head }: LoadedTask): boolean =>
  declaration.kind === 'multiple-choice' && head.kind === 'causal-lm';

function metricsOf(
  names: readonly MetricName[],
  { metrics, standardErrors }: Pick<TaskScore, 'metrics' | 'standardErrors'>,
  split: string,
): Metric[] {
  return names.map((name) => {
    const value = metrics[name];
    const standardError = standardErrors[name];
    return {
      name,
      direction: getMetric(name).direction,
      split,
      ...(value === undefined ? {} : { value }),
      ...(standardError === undefined ? {} : { standardError }),
    };
  });
}
