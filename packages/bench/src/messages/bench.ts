/** Sentences of `leantune bench`. */
import type { Agreement } from '../benchmark/sameJob.js';
import type { Suite } from '../benchmark/rows.js';
import type { BenchSettings } from '../benchmark/settings.js';

type Shape = Pick<BenchSettings, 'model' | 'batchSize' | 'sequenceLength'>;
type Cpu = { readonly model: string; readonly count: number };

const shapeText = ({ model, batchSize, sequenceLength }: Shape) => `${model} · ${batchSize} × ${sequenceLength} tokens`;

const suiteText: Readonly<Record<Suite, string>> = {
  ops: 'ops of core, forward and backward',
  steps: 'training steps, backend beside backend',
  peers: 'training steps beside transformers and PEFT',
};

export const benchMessages = {
  // Cases
  stepCase: (method: string, dropout: number) => `${method}, dropout ${dropout}`,
  opCase: (op: string, shapes: string) => `${op}, ${shapes}`,
  peerName: () => 'transformers',
  oursOn: (backend: string) => `leantune on ${backend}`,
  readsNoText: (model: string) => `${model} reads no text: its steps have no peers and no tokens`,

  // Contestants
  notStarted: (name: string, reason: string) => `${name} could not be started: ${reason}`,
  ended: (name: string, how: string, stderr: string) =>
    `${name} ended with ${how}${stderr === '' ? '' : `\n${stderr}`}`,
  contestantFailed: (name: string, reason: string) => `${name}: ${reason}`,
  notAnAnswer: (name: string, line: string) => `${name} answered what is no answer: ${line.slice(0, 200)}`,
  differs: (what: string, ours: number, theirs: number, tolerance: number) =>
    `${what} ${ours} beside ${theirs} (allowed: ${tolerance})`,
  otherJob: (differences: readonly string[]) => `not the same job: ${differences.join('; ')}`,
  noPython: (executable: string, reason: string) => `${executable}: ${reason}`,
  lacksModules: (executable: string, missing: readonly string[]) => `${executable} has no ${missing.join(', ')}`,
  peerRemedy: (modules: readonly string[]) =>
    `pip install ${modules.join(' ')}, and name that Python in LEANTUNE_PYTHON`,
  noPeer: (method: string) => `nobody has written a peer of ${method}`,
  noPeerRemedy: (methods: readonly string[]) =>
    `there are peers of ${methods.join(', ')}; another one is a file in packages/bench/peers/methods`,

  // Progress
  randomWeights: (model: string) => `no checkpoint of ${model} is here: random weights of its configuration`,
  backendLeftOut: (name: string, reason: string, remedy: string | undefined) =>
    `backend ${name} is left out: ${reason}${remedy === undefined ? '' : `; ${remedy}`}`,
  matchTitle: (index: number, count: number, suite: string, name: string, backends: readonly string[]) =>
    `[${index}/${count}] ${suite}: ${name}: ${backends.join(', ')}`,
  round: (title: string, round: number, rounds: number) => `${title}: round ${round} of ${rounds}`,
  written: (folders: readonly string[]) => `results: ${folders.join(', ')}`,

  // Tables
  tableTitle: (suite: Suite, settings: Shape) =>
    suite === 'ops' ? suiteText.ops : `${suiteText[suite]} · ${shapeText(settings)}`,
  absent: (reason: string, remedy: string) => `peer absent: ${reason}; ${remedy}`,
  failed: (reason: string) => `failed: ${reason}`,
  agrees: ({ ours, theirs }: Agreement) =>
    `same loss (${Math.abs(ours.loss - theirs.loss).toExponential(0)}), ${ours.trainedParameters} trained`,
  ratioNote: (suite: Suite, warmupTurns: number) =>
    `ratio: time of the backend over that of ${suite === 'peers' ? 'the peer' : 'the first backend'} in the same round, then median, quartiles and range over the rounds; below 1 it is faster. In every round each makes one turn, one after the other, each in a process of its own that sleeps between its turns; ${warmupTurns} turns each before the first round do not count.`,
  opNote: () =>
    'case: op and sizes of its input. minilm-l6: 32 × 128 tokens, width 384; bert-base: 8 × 128 tokens, width 768. A turn is the median of the calls within 40 ms, at least 3; adamw: the update of one encoder layer.',
  stepNote: (
    { model, randomWeights, batchSize, sequenceLength, threads }: BenchSettings,
    { weightDecay, maxGradNorm }: { readonly weightDecay: number; readonly maxGradNorm: number },
  ) =>
    `step: batch to the device, forward, backward, clipping to norm ${maxGradNorm}, AdamW (decay ${weightDecay}), loss to the host; float32; ${batchSize} rows of ${sequenceLength} random tokens without padding; ${randomWeights ? 'random weights of the configuration of' : 'weights of'} ${model}; ${threads} threads.`,
  agreementNote: () =>
    'same loss: difference of the losses of the first batch with the same weights, without dropout; gradient norms agree within 0.1 %, numbers of trained parameters exactly. A pair that disagrees has no ratio.',
  versionsNote: (versions: Readonly<Record<string, string>>) =>
    `peer: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}; attention and AdamW as they come (sdpa, torch.optim.AdamW).`,
  devicesNote: (devices: readonly string[], rounds: number, { model, count }: Cpu) =>
    `${rounds} rounds; ${[...devices, `${count} × ${model}`].join('; ')}.`,
  plotTitle: (suite: string) => `${suite}: step or call time, as a ratio`,
  plotSubtitle: (suite: Suite, settings: Shape, { model, count }: Cpu) =>
    `${suite === 'ops' ? 'ops' : shapeText(settings)}; median and quartiles of paired rounds; ${count} × ${model}`,
  plotAxis: () => 'ratio of times (below 1: faster)',
};
