/**
 * Training steps of several methods side by side in one process, on one random batch. Memory is measured first, each
 * method alone; then all models live together and take turns, so that drift of the machine hits all alike.
 */
import { useBackend } from '@leantune/core';
import { loadBackend } from '@leantune/core/node';
import { Bench } from 'tinybench';
import { messages } from '../messages.js';
import { randomBatch } from './randomBatch.js';
import type { ProfileSettings } from './settings.js';
import { compareToFirst } from './statistics.js';
import type { Comparison } from './statistics.js';
import { loadTrainee } from './trainee.js';
import type { MemoryFigures, Trainee } from './trainee.js';
import '../registry/backends.js';

/** Untimed steps of each method: they make the optimiser's state and the first uses of kernels. */
const warmupSteps = 2;

export interface MethodProfile extends Comparison {
  readonly method: string;
  readonly parameters: { readonly trainable: number; readonly total: number };
  /** One step of the method alone, in bytes. */
  readonly memory: MemoryFigures;
  /** Every timed step, in order of rounds. */
  readonly samplesMs: readonly number[];
}

export interface Profile {
  readonly settings: ProfileSettings;
  readonly warmupSteps: number;
  readonly weights: { readonly source: string; readonly sha256?: string };
  readonly backend: { readonly name: string; readonly device: string; readonly reason: string };
  readonly methods: readonly MethodProfile[];
}

/** @throws UsageError where a method does not support the model; EnvironmentError where the backend does not load. */
export async function profileMethods(settings: ProfileSettings, onLog: (line: string) => void): Promise<Profile> {
  const backend = await loadBackend(settings.backend, { requestedBy: '--backend' });
  await useBackend(backend);
  onLog(messages.backendChosen(backend.name, backend.device.description, backend.reason));
  const batch = randomBatch(settings, settings.vocabularySize);

  const measured: Pick<MethodProfile, 'method' | 'parameters' | 'memory'>[] = [];
  for (const [index, method] of settings.methods.entries()) {
    onLog(messages.profileMemory(method, index + 1, settings.methods.length));
    const { trainee } = await loadTrainee(settings, method, batch);
    try {
      measured.push({ method, parameters: trainee.model.parameterCounts(), memory: trainee.measureMemory() });
    } finally {
      trainee.release();
    }
  }

  const entries: Awaited<ReturnType<typeof loadTrainee>>[] = [];
  try {
    for (const method of settings.methods) entries.push(await loadTrainee(settings, method, batch));
    const trainees = entries.map(({ trainee }) => trainee);
    const samplesMs = await timeInRounds(trainees, settings.rounds, onLog);
    const compared = compareToFirst(samplesMs);
    const { source, weightsSha256 } = entries[0]!.loaded;
    return {
      settings,
      warmupSteps,
      weights: { source, ...(weightsSha256 === undefined ? {} : { sha256: weightsSha256 }) },
      backend: { name: backend.name, device: backend.device.description, reason: backend.reason },
      methods: measured.map((facts, index) => ({ ...facts, ...compared[index]!, samplesMs: samplesMs[index]! })),
    };
  } finally {
    for (const { trainee } of entries) trainee.release();
  }
}

/** One round is one run of tinybench with a single iteration of each method. Returns [method][round] milliseconds. */
async function timeInRounds(
  trainees: readonly Trainee[],
  rounds: number,
  onLog: (line: string) => void,
): Promise<number[][]> {
  const samplesMs: number[][] = trainees.map(() => []);
  for (let round = 0; round < rounds; round++) {
    onLog(messages.profileRound(round + 1, rounds));
    const bench = new Bench({
      time: 0,
      iterations: 1,
      warmup: round === 0,
      warmupTime: 0,
      warmupIterations: warmupSteps,
      throws: true,
    });
    // Said to be synchronous: tinybench would run a step to find out. Numbered, since a method may stand twice.
    trainees.forEach((trainee, index) => bench.add(String(index), () => void trainee.step(), { async: false }));
    await bench.run();
    bench.tasks.forEach(({ result }, index) => {
      if (result.state === 'completed') samplesMs[index]!.push(result.latency.p50);
    });
  }
  return samplesMs;
}
