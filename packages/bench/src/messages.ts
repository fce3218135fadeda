/** Every sentence that the bench says to people, as functions of what varies. */

import { formatMebibytes } from './units.js';

/** `out of memory: why`, without saying it twice. */
const ending = (status: string, why: string | undefined) => {
  const word = status === 'oom' ? 'out of memory' : status;
  const rest = why?.replace(/^out of memory: /, '');
  return { word, rest: rest === undefined ? '' : `: ${rest}` };
};

/** A setting's value in a label: `1e-4`, `linear`; JSON for one with parts. */
const settingText = (value: unknown) => {
  if (typeof value === 'number' && value !== 0 && value < 1e-3) return value.toExponential();
  return typeof value === 'string' ? value : JSON.stringify(value);
};

const plural = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`;

export const messages = {
  // Configuration
  oneOf: (values: readonly string[]) => (values.length === 1 ? `${values[0]}` : `one of ${values.join(', ')}`),
  entries: (sign: string, limit: string) => `${sign} ${limit} entries`,
  unknownKey: () => 'unknown key',
  missingKey: () => 'is missing',
  wrongType: (value: unknown) => `${JSON.stringify(value)} has the wrong type`,
  wrongValue: (value: unknown) => `${JSON.stringify(value)} is not possible here`,
  outOfRange: (value: unknown) => `${JSON.stringify(value)} is out of range`,
  unknownName: (kind: string, name: string) => `unknown ${kind} "${name}"`,
  labelTwice: (label: string) => `label "${label}" stands twice: give one of the entries a label of its own`,
  sweepRemedy: (file: string) => `Correct ${file} and run the command again.`,
  notAnOverride: () => 'is no setting',
  commandLine: () => 'command line',
  overridesRemedy: () => 'Settings of the command line: npx leantune run --help',
  listRemedy: () => 'All names: npx leantune list',
  cannotSetUp: (name: string, backends: readonly string[], nearest: string | undefined) =>
    `there is nothing to set up for backend "${name}": expected ${backends.join(' or ')}${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`,
  noSweep: (name: string, nearest: string | undefined) =>
    `unknown sweep "${name}"${nearest === undefined ? '' : `: did you mean "${nearest}"?`}`,
  noSweepFile: (path: string) => `there is no sweep file ${path}`,
  noSweepRemedy: (names: readonly string[]) =>
    `Shipped sweeps: ${names.join(', ')}. A sweep of your own is given by its path, ending in .yaml.`,

  // Files of a run
  notWritable: (path: string, code: string) => `cannot write into ${path} (${code})`,
  notWritableRemedy: () => 'Choose another folder with --out.',
  noRunFolder: (path: string, nearest?: string) =>
    `${path} holds no run: there is no sweep.json in it${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`,
  noRunFolderRemedy: () => 'Run the sweep first, or name the folder of a run.',
  notJson: () => 'is not valid JSON',
  corruptResult: (file: string, detail: string) => `${file} is damaged or of another version: ${detail}`,
  corruptResultRemedy: (file: string) => `Delete ${file} and run the sweep again: only this cell is repeated.`,

  // Backends
  probeDied: (how: string, stderr: string) => `the process that tries the backends ended with ${how}\n${stderr}`,
  inEnvironment: (variable: string, message: string) => `${variable}: ${message}`,
  probeDiedRemedy: () => 'npx leantune doctor says what loads; --backend wasm needs nothing native.',

  // Models and data before the first cell
  task: (name: string) => `task ${name}`,
  otherInput: (reads: 'text' | 'images', model: string, read: 'text' | 'images') =>
    `its rows are ${reads}, ${model} reads ${read}`,
  otherInputRemedy: () => 'Images go to a vision transformer (vit-base), texts to any other model.',
  maxLengthOf: (task: string) => `maxLength of task ${task}`,
  methodOnModel: (method: string, model: string, problem: string) => `${method} on ${model}: ${problem}`,
  methodOnModelRemedy: () =>
    'Take another method or other options for that model; npx leantune show METHOD lists them.',
  maxLengthRemedy: () => 'Set a smaller maxLength in the sweep, or maxLength=N on the command line.',
  unreadable: (reason: string) => `a file of a model or task cannot be read: ${reason}`,
  unreadableRemedy: () => 'Give the process the right to read it, or put the file in its place.',
  randomWeightsAhead: (model: string, reason: string, remedy: string | undefined) =>
    `WARNING: random weights will stand in for ${model}, and scores will mean nothing: ${reason}${remedy === undefined ? '' : `\n${remedy}`}`,
  modelFolders: () => 'a folder with config.json and model.safetensors, or the name of one below LEANTUNE_MODELS',
  hubNames: () => 'owner/name at the hub',

  // Ends of cells
  heapExhausted: () => 'the JavaScript heap is exhausted',
  heapRemedy: () => 'Give Node more heap: NODE_OPTIONS=--max-old-space-size=8192',
  killedBySystem: () => 'the operating system killed the process (SIGKILL), as it does when memory runs out',
  killedRemedy: () => 'Use a smaller batch or maximum length, or a method that needs less memory.',
  died: (how: string) => `the process ended with ${how} before it gave a result`,
  outcomeInvalid: (detail: string) => `the cell gave an invalid result: ${detail}`,

  // Tables
  method: () => 'method',
  score: () => 'score',
  scoreUnit: () => 'mean ± std (n)',
  sectionTitle: (model: string, task: string) => `${model} · ${task}`,
  settingLabel: (key: string, value: unknown) => `${key}=${settingText(value)}`,
  staleLabel: (label: string) => `${label} (stale)`,
  undefinedScore: () => 'undefined',
  ends: (ends: readonly string[]) => {
    const word = { oom: 'OOM', failed: 'failed', interrupted: 'interrupted' }[ends[0] ?? ''];
    return word ?? 'not run';
  },
  warningNote: (warning: string) => `WARNING: ${warning}`,
  staleNote: (sweep: string) =>
    `stale: computed by other code than the current one; \`npx leantune run ${sweep}\` computes these rows anew.`,
  metric: () => 'metric',
  split: () => 'split',
  scoresTitle: (section: string) => `${section}: every score`,
  scoresUnit: () => 'mean ± (n)',
  scoresNote: () =>
    'every score: ± is the sample standard deviation over n seeds, of a single seed the standard error over the rows of the split.',
  moreScores: (count: number) => `and ${count} more in table.md and scores.csv`,
  scoreNote: (metric: string, split: string, selection: 'none' | 'all' | 'some') => {
    const epoch = {
      none: 'after the last epoch',
      all: 'after the epoch that the development score selected',
      some: 'after the last epoch, or in rows with selection best-dev after the one that the development score selected',
    }[selection];
    return `${metric}: on the ${split} split ${epoch}, mean ± sample standard deviation over n seeds.`;
  },
  selectedNote: (metric: string, split: string, epochs: readonly string[]) =>
    `selected on dev: the epoch of the best ${metric} on the ${split} split, of those that were trained: ${epochs.join('; ')}.`,
  selectedEpochs: (label: string, epochs: readonly { readonly epoch: number; readonly epochs: number }[]) =>
    `${label} ${epochs.map(({ epoch, epochs: all }) => `${epoch} of ${all}`).join(', ')}`,
  peakNote: () =>
    'peak: logical peak, the largest sum of bytes of live buffers during a training step (largest over seeds). After it its parts at that moment: parameters, gradients, optimizer state, saved activations, batch, workspace. 1 MiB = 1024² bytes.',
  savedNote: () =>
    'max saved: largest sum of distinct buffers held for the backward pass, parameters and batch excluded. step: median over optimiser steps.',
  deviceNote: (allocators: readonly string[]) =>
    `device: peaks of the same step in ${allocators.join(' / ')}, with alignment and what kernels take inside (alloc.: handed out; res.: taken from the device): not logical bytes.`,
  dataNote: (task: string, rows: Readonly<Record<string, number>>, maxLength: number | undefined, weights: string) =>
    `${task}: ${Object.entries(rows)
      .map(([split, count]) => `${count} ${split}`)
      .join(' / ')} rows${maxLength === undefined ? '' : `, at most ${maxLength} tokens each`}; weights: ${weights}.`,
  settingsNote: (settings: string) => `all rows: ${settings}.`,
  differingNote: (key: string, values: readonly string[]) => `rows differ in ${key}: ${values.join('; ')}.`,
  notSet: () => 'none',
  ofModel: () => "the model's own",
  backendNote: (
    name: string,
    devices: readonly string[],
    reason: string,
    cpu: { readonly model: string; readonly count: number } | undefined,
  ) =>
    `backend: ${name}${devices.length === 0 ? '' : `, ${devices.join(' / ')}`} (${reason})${cpu === undefined ? '' : `; ${cpu.count} × ${cpu.model}`}.`,
  endNote: (
    label: string,
    seed: number,
    status: string,
    why: string | undefined,
    reached:
      { readonly step: number; readonly totalSteps: number; readonly peakBytes?: number | undefined } | undefined,
  ) => {
    const { word, rest } = ending(status, why);
    const where = reached === undefined ? '' : ` at step ${reached.step} of ${reached.totalSteps}`;
    const peak = reached?.peakBytes === undefined ? '' : `, ${formatMebibytes(reached.peakBytes)} MiB reached`;
    return `${label}, seed ${seed}: ${word}${where}${peak}${rest}`;
  },
  otherResultsNote: (count: number) => `the folder holds ${plural(count, 'result')} of other settings, not shown here.`,
  commandNote: (command: string) => `command: ${command}`,

  // Profiles
  profileMemory: (method: string, index: number, count: number) => `memory of ${method} (${index} of ${count}) …`,
  profileRound: (round: number, rounds: number) => `timing, round ${round} of ${rounds} …`,
  profileTitle: (model: string, batch: number, sequence: number) => `${model} · ${batch} × ${sequence} tokens`,
  spreadUnit: (unit: string) => `${unit}, median ± MAD (n)`,
  profileStepNote: (warmup: number) =>
    `step: forward, backward, clipping and update; median ± median absolute deviation over n rounds, after ${plural(warmup, 'warm-up step')} of each method. In every round each method makes one step in turn.`,
  profileRatioNote: () => 'step ratio: to the first method within the same round, then median ± MAD over the rounds.',
  profileMemoryNote: () =>
    'peak: logical peak, the largest sum of bytes of live buffers during a training step of the method alone. max saved: largest sum of distinct buffers held for the backward pass, parameters and batch excluded. 1 MiB = 1024² bytes.',
  profileDataNote: (batch: number, sequence: number, weights: string) =>
    `data: one batch of ${plural(batch, 'row')} of ${sequence} random tokens each, without padding; weights: ${weights}, the same for every method.`,
  positions: (most: number, model: string) => `<= ${most}, the positions of ${model}`,

  // Memory from shapes
  memoryMethodTwice: () => 'cannot stand beside --methods',
  byteSizes: () => 'a size such as 24GiB, 80GB or 512MiB',
  noSuchHead: (model: string, head: string) => `${model} has no head for ${head}`,
  imagesHaveNoSequence: (model: string) => `${model} reads images, whose patches are as many as they are`,
  fitBatchTitle: (model: string, sequence: number, limit: string) =>
    `${model} · largest batch of ${sequence} tokens within ${limit}`,
  fitSequenceTitle: (model: string, batch: number, limit: string) =>
    `${model} · longest sequence of ${plural(batch, 'row')} within ${limit}`,
  doesNotFit: () => 'does not fit',
  peakPlace: (phase: string, layer: string) => `${phase}, ${layer}`,
  trainedOf: (trainable: number, total: number) =>
    `${trainable} of ${total} parameters (${((100 * trainable) / total).toFixed(2)} %)`,
  metaNote: () =>
    'measured on the meta backend: the training step itself runs, with shapes instead of values, on rows of full length after a warm-up step; a real step has the same figures, kernels of a device may take memory of their own besides.',
  memoryStaticNote: () =>
    'static: parameters, one full set of gradients and the optimiser state, whether or not live at the peak; activation: peak - static.',
  memorySavedNote: () =>
    'max saved: largest sum of distinct buffers held for the backward pass, parameters and batch excluded.',
  meftUnitNote: () => "GB (MEFT): bytes / (1024 · 1024 · 1000), as MEFT's published code divides.",
  misfitNote: (limit: string, what: 'batch' | 'seq') =>
    `does not fit: more than ${limit} even ${what === 'batch' ? 'with one row' : 'with one token'}; the figures of that row are those of this smallest step.`,
  timelineTitle: (subject: string) => `Memory through one training step: ${subject}`,
  timelineEvents: () => 'allocations and releases, in order',
  timelineAxis: () => 'live bytes (MiB)',

  // Plots
  breakdownTitle: (subject: string) => `What the memory peak holds: ${subject}`,
  breakdownAxis: () => 'logical peak of a training step (MiB)',
  peakAxis: () => 'logical peak of a training step (MiB)',
  scoreMemoryTitle: (subject: string) => `Score against memory: ${subject}`,
  scoreAxis: (metric: string, split: string, direction: 'higher' | 'lower') =>
    `${metric} on ${split} (${direction} is better)`,
  plotSubtitle: (seeds: number, backend: string, saving: readonly string[]) =>
    `${plural(seeds, 'seed')}, backend ${backend}, saving policy ${saving.join(' / ')}`,
  plotScoreSubtitle: (selected: boolean) =>
    `${selected ? 'epochs selected on dev; ' : ''}points: mean over seeds, bars: ± sample standard deviation, dashed: Pareto front`,
  plotWarnings: (complaints: readonly string[]) => `the plot cannot be drawn faithfully: ${complaints.join('; ')}`,

  // Command line
  programSummary: () =>
    'Memory-efficient fine-tuning, measured: scores, exact memory and time of methods side by side.',
  debugOption: () => 'print stacks of errors (also LEANTUNE_DEBUG=1)',
  versionOption: () => 'print the version',
  helpOption: () => 'print this help',
  helpFooter: () => `Exit codes:
  0  done
  1  a cell failed, ran out of memory or was interrupted; a reference case or dataset did not hold
  2  usage: unknown names, bad settings, bad sweep file
  3  environment: missing or damaged files, backends that do not load

Start with:  npx leantune run quickstart`,
  examples: (examples: readonly string[]) => `Examples:\n${examples.map((example) => `  ${example}`).join('\n')}`,
  errorWord: () => 'error:',
  unexpectedError: () => 'unexpected error (please report it with these lines):',
  unknownCommand: (typed: string, nearest: string | undefined) =>
    `unknown command "${typed}"${nearest === undefined ? '' : `: did you mean "${nearest}"?`}`,
  didYouMean: (text: string, nearest: string) => `${text}: did you mean "${nearest}"?`,
  helpRemedy: (command: string | undefined) =>
    `npx leantune ${command === undefined ? '' : `${command} `}--help shows what there is.`,
  unknownKind: (typed: string, nearest: string | undefined, kinds: readonly string[]) =>
    `cannot list "${typed}": ${nearest === undefined ? `expected one of ${kinds.join(', ')}` : `did you mean "${nearest}"?`}`,
  backendDoesNotLoad: (reason: string, remedy: string) => `does not load: ${reason} → ${remedy}`,
  noSuchFolder: (path: string) => `there is no folder ${path}`,
  parityRemedy: () => 'Name folders that hold a case.json, or a folder of such folders.',
  defaultValue: (value: string) => `default ${value}`,
  trainedGroup: ({
    name,
    shape,
    count,
  }: {
    readonly name: string;
    readonly shape: readonly number[];
    readonly count: number;
  }) => `${name} [${shape.join(', ')}]${count === 1 ? '' : ` × ${count}`}`,
  unknownThing: (name: string, nearest: string | undefined) =>
    `nothing is called "${name}"${nearest === undefined ? '' : `: did you mean "${nearest}"?`}`,
  ambiguousCell: (prefix: string, ids: readonly string[]) => `several cells begin with ${prefix}: ${ids.join(', ')}`,
  ambiguousCellRemedy: () => 'Type more digits.',

  // Progress of a run
  resolvingBackend: () => 'looking for a backend …',
  backendChosen: (name: string, device: string, reason: string) => `backend ${name}: ${device} (${reason})`,
  planned: (
    sweep: string,
    total: number,
    kept: number,
    again: { readonly stale: number; readonly otherBackend: number; readonly randomWeights: number },
  ) => {
    const parts = [plural(total, 'cell')];
    if (kept > 0) parts.push(`${kept} kept`);
    if (again.stale > 0) parts.push(`${again.stale} stale (the code has changed)`);
    if (again.otherBackend > 0) parts.push(`${again.otherBackend} stale (of another version of the backend)`);
    if (again.randomWeights > 0) parts.push(`${again.randomWeights} of random weights (not reused)`);
    return `${sweep}: ${parts.join(', ')}, ${total - kept} to run`;
  },
  fewerHere: (backend: string, settings: string) => `on ${backend} this sweep takes ${settings}`,
  allReused: (count: number) =>
    count === 1
      ? 'The only result is reused: nothing had to run. --force runs it again.'
      : `All ${count} results reused: nothing had to run. --force runs them again.`,
  keptFailures: (count: number) => `${plural(count, 'failed cell')} kept as they are; --retry runs them again.`,
  stopping: () => 'finishing the current step … (Ctrl-C again stops at once)',
  stopped: (command: string) => `Interrupted. Go on with: ${command}`,
  breaker: (count: number, seconds: number, command: string) =>
    `Stopped: ${count} cells in a row failed in the same way within ${seconds} seconds each. Once it is mended: ${command}`,
  stoppedOnError: (command: string) => `Stopped after the failure (--on-error stop). Go on with: ${command}`,
  failureLine: (label: string, seed: number, status: string, message: string) => {
    const { word, rest } = ending(status, message);
    return `${word}: ${label}, seed ${seed}${rest}`;
  },
  logPath: (path: string) => `  log: ${path}`,
  retryLine: (command: string) => `Run them again with: ${command}`,
  reportLies: (folder: string) => `Report: ${folder}`,
  nothingToReport: () => 'No cell has a result yet.',
  plural,
  layer: () => 'layer',
  ordinaryLayer: () => 'ordinary',
  noise: () => 'noise',
  randomWeights: () => 'random weights',
  randomInput: (length: number) => `random input of ${length} tokens`,
  firstRows: (task: string) => `the first training rows of ${task}`,
  depthNeedsRandom: () => 'changes the depth, which only random weights can follow: add --random',
  gradcheckMeaning: (cosine: number) =>
    `Reconstruction error: relative L2 error of the layer's reconstructed input, the larger of the two streams. Cosine and norm ratio: gradient of all trained parameters of the layer against the one of ordinary training. Noise: cosine below ${cosine}, or a norm more than 10 % off.`,
  gradcheckSound: () => 'The gradient is that of ordinary training at every layer.',
  gradcheckNoise: (noisy: number, layers: number) =>
    `${noisy} of ${layers} layers train on noise: take gradient=exact, fewer reversibleLayers, or larger factors lambda and beta.`,
  gradcheckData: (rows: number, data: string, source: string) => `${rows} rows: ${data}; weights: ${source}.`,
  nothingSelected: (split: string) =>
    `no epoch has a defined score on the ${split} split to be selected by: the last one is reported`,
  patienceAlone: () => 'only a search for the best epoch is given up: training ends after its epochs',
  noPublishedRate: (preset: string, method: string) =>
    `preset ${preset} has no learning rate for ${method}: its paper trains no such method`,
  fusedClips: () =>
    'a fused optimizer cannot clip: it releases the first gradients before it knows the norm of all, by which clipping scales each',
  fusedScales: () =>
    'a fused optimizer cannot train in fp16-mixed: it releases the first gradients before it knows whether the last overflow',
  precisionNotHeld: (precision: string, backend: string) =>
    `precision ${precision} needs numbers that backend ${backend} cannot hold`,
  precisionRemedy: () => 'Compute with the torch backend (npx leantune setup torch, then --backend torch), or in fp32.',
  memorySweepAlone: () => 'stands alone: the file says what is measured',
  memorySweepOut: () => 'only with --sweep or --backend',
  memoryBackendWithout: () => 'cannot stand beside --backend, which runs one step of one size',
  noDeviceMeter: (backend: string) => `backend ${backend} does not say what its allocator hands out`,
  noDeviceMeterRemedy: () => 'take --backend torch, torch:cpu or torch:cuda:0 (on GPUs with torch 2.9 or later)',
  logicalDiffers: (method: string, predicted: number, measured: number) =>
    `WARNING: ${method}: the meter counted ${measured} bytes on the device where meta predicts ${predicted}`,
  predictedNote: () =>
    'predicted peak: logical peak of the step on the meta backend. ratio: what the allocator handed out at most in the same step on the device, on rows of full length after a warm-up step, over it.',
  keptNote: () =>
    'in forward, backward, update: the same peak by phase. kept: bytes that libraries keep for themselves (workspaces of cuBLAS); they are part of every figure of the device.',
  memoryUnsupported: () => 'no figure: see notes',
  memoryOfFull: () => 'of full',
  memoryOfFullNote: () =>
    'of full: share of the same figure of full fine-tuning under the same settings. Of activation it is given where both peaks lie where activations live (at least half of max saved), and not at the end of the backward pass, when all gradients do.',
  memoryPaperTitle: () => 'Paper beside ours',
  memoryFilesWritten: (files: number, folder: string) => `${files} files in ${folder}`,
} as const;
