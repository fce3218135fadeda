/** Sweep + backend + overrides → cells: every combination of model, task, method, grid point and seed. */
import { ConfigurationError, splitBackendName, type ConfigurationIssue } from '@leantune/core';
import { cellConfigSchema, optimizerSchema } from '../cell/contract.js';
import type { CellConfig, TrainingSettings } from '../cell/contract.js';
import { canonicalJson, cellId } from '../cell/cellId.js';
import { messages } from '../messages.js';
import type { Overrides } from './overrides.js';
import { presetTraining } from './presets.js';
import { defaultMaxLength, defaultTraining } from './schema.js';
import { methodNamesOf } from './sweep.js';
import type { Sweep, SweepMethod, SweepTask } from './sweep.js';

export interface Cell {
  readonly id: string;
  /** How tables and plots call the cell's method, with the grid's settings where they differ: a row's own name. */
  readonly label: string;
  readonly config: CellConfig;
}

type GridPoint = Readonly<Record<string, unknown>>;

/** In the order of the file: methods within tasks within models, seeds innermost. */
export function makeCells(sweep: Sweep, backend: string, overrides: Overrides): Cell[] {
  const cells: Cell[] = [];
  const seen = new Set<string>();
  for (const model of sweep.models) {
    for (const task of sweep.tasks) {
      for (const method of sweep.methods) {
        for (const point of gridPoints(sweep.grid)) {
          for (const seed of sweep.seeds) {
            const config = resolveCell(sweep, { model, task, method, point, seed, backend }, overrides);
            const id = cellId(config);
            // An override may make two grid points equal: one cell then.
            if (!seen.has(id)) cells.push({ id, label: method.label, config });
            seen.add(id);
          }
        }
      }
    }
  }
  return labelledByGrid(cells, sweep.grid);
}

/** Adds to each label what the grid varies: without it several rows would have the same name. */
function labelledByGrid(cells: readonly Cell[], grid: Sweep['grid']): Cell[] {
  const varied = Object.keys(defined(grid)).filter(
    (key) => new Set(cells.map(({ config }) => canonicalJson(settingOf(config, key)))).size > 1,
  );
  return cells.map((cell) => ({
    ...cell,
    label: [cell.label, ...varied.map((key) => messages.settingLabel(key, settingOf(cell.config, key)))].join(' '),
  }));
}

function settingOf(config: CellConfig, key: string): unknown {
  const { training, saving, dropout } = config;
  return { ...training, saving, dropout }[key as keyof TrainingSettings | 'saving' | 'dropout'] ?? null;
}

interface Place {
  readonly model: string;
  readonly task: SweepTask;
  readonly method: SweepMethod;
  readonly point: GridPoint;
  readonly seed: number;
  readonly backend: string;
}

/** Later wins: defaults, preset, sweep, task, method, backend, grid, command line. */
function resolveCell(sweep: Sweep, place: Place, overrides: Overrides): CellConfig {
  const backendName = splitBackendName(place.backend).name;
  const onBackend = sweep.backends[backendName];
  const { training: taskTraining, ...taskSettings } = place.task;
  const { saving: gridSaving, dropout: gridDropout, ...gridTraining } = place.point;
  const { models: _m, tasks: _t, methods: _me, seeds: _s, ...settings } = overrides;
  const { memoryBytes, steps, saving, dropout, optimizer, ...others } = settings;
  const { maxLength, trainRows, devRows, trainTemplate, evalTemplate, shots, specialTokens, evaluate, ...training } =
    others;

  const methodNames = methodNamesOf(place.method.method).split('+');
  const layers: Partial<TrainingSettings>[] = [
    sweep.preset === undefined ? {} : presetTraining(sweep.preset, methodNames, backendName),
    sweep.training,
    taskTraining,
    place.method.training,
    onBackend?.training,
    gridTraining,
    training,
  ].map(defined);
  if (sweep.preset !== undefined && layers.every(({ learningRate }) => learningRate === undefined)) {
    throw new ConfigurationError(
      [
        {
          key: 'training.learningRate',
          message: messages.noPublishedRate(sweep.preset, place.method.method),
          expected: 'a rate of your own',
        },
      ],
      { code: 'LEANTUNE_SWEEP_INVALID' },
    );
  }
  const merged = settleWarmup(Object.assign({}, defaultTraining, ...layers) as TrainingSettings, layers);
  // Switching the optimiser by name gives that optimiser's defaults, not the other one's settings.
  if (optimizer !== undefined && optimizer !== merged.optimizer.name) {
    merged.optimizer = optimizerSchema.parse({ name: optimizer });
  }
  const fusedIssues = merged.optimizer.fused === true ? issuesOfFused(merged) : [];
  if (fusedIssues.length > 0) throw new ConfigurationError(fusedIssues, { code: 'LEANTUNE_SWEEP_INVALID' });
  if (merged.select !== 'best-dev') {
    if (merged.select === undefined && merged.patience !== undefined) {
      throw new ConfigurationError(
        [{ key: 'training.patience', message: messages.patienceAlone(), expected: 'select: best-dev' }],
        { code: 'LEANTUNE_SWEEP_INVALID' },
      );
    }
    // What a preset says of the search for an epoch; the last one is what an absent setting means.
    delete merged.select;
    delete merged.patience;
  }
  const finalDropout = dropout ?? gridDropout ?? onBackend?.dropout ?? place.method.dropout ?? sweep.dropout;
  return cellConfigSchema.parse({
    model: place.model,
    task: {
      ...{ maxLength: defaultMaxLength, ...defined(taskSettings) },
      ...defined(onBackend?.task),
      ...defined({ maxLength, trainRows, devRows, trainTemplate, evalTemplate, shots, specialTokens, evaluate }),
    },
    method: place.method.method,
    seed: place.seed,
    training: merged,
    saving: saving ?? gridSaving ?? onBackend?.saving ?? place.method.saving ?? sweep.saving,
    backend: place.backend,
    ...(finalDropout === undefined ? {} : { dropout: finalDropout }),
    limits: { ...defined(sweep.limits), ...defined({ memoryBytes, steps }) },
  });
}

/**
 * Steps win over a share that is said beside them, not over one that is said later. What does not count is written
 * as if it had not been said, so that equal cells stay equal.
 */
function settleWarmup(
  { warmupSteps = 0, ...training }: TrainingSettings,
  layers: readonly Partial<TrainingSettings>[],
): TrainingSettings {
  const last = layers.findLast((layer) => layer.warmupSteps !== undefined || layer.warmupRatio !== undefined);
  if (warmupSteps === 0 || last?.warmupSteps === undefined) return training;
  return { ...training, warmupRatio: 0, warmupSteps };
}

function issuesOfFused({ maxGradNorm, precision }: TrainingSettings): ConfigurationIssue[] {
  const key = 'training.optimizer.fused';
  return [
    ...(maxGradNorm > 0 ? [{ key, message: messages.fusedClips(), expected: 'maxGradNorm: 0' }] : []),
    ...(precision === 'fp16-mixed'
      ? [{ key, message: messages.fusedScales(), expected: 'precision: bf16-mixed' }]
      : []),
  ];
}

function gridPoints(grid: Sweep['grid']): GridPoint[] {
  let points: GridPoint[] = [{}];
  for (const [key, values] of Object.entries(defined(grid))) {
    points = points.flatMap((point) => (values as readonly unknown[]).map((value) => ({ ...point, [key]: value })));
  }
  return points;
}

/** Without keys whose value is undefined, so that spreading never erases a setting. */
function defined<Value extends object>(value: Value | undefined): Defined<Value> {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, inner]) => inner !== undefined)) as Defined<Value>;
}

type Defined<Value> = { [Key in keyof Value]?: Exclude<Value[Key], undefined> };
