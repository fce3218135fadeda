/** Peers: Python programs that do the same training step with transformers and PEFT. One file a method, in `peers/methods`. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseMethodSpec } from '@leantune/methods';
import { randomBatch } from '../profile/randomBatch.js';
import type { PeerJob, PrepareAnswer, StepJob } from './protocol.js';

// As far from `src/benchmark` as from `dist/benchmark`.
const peersFolder = () => fileURLToPath(new URL('../../peers/', import.meta.url));

export const peerProgram = () => join(peersFolder(), 'peer.py');

/** The module of a method's peer: `lora`, or for `lora+tokentune` `lora_tokentune`; undefined where there is none. */
export function peerModule(method: string): string | undefined {
  const name = parseMethodSpec(method)
    .methods.map(({ definition }) => definition.name.replaceAll('-', '_'))
    .join('_');
  return existsSync(join(peersFolder(), 'methods', `${name}.py`)) ? name : undefined;
}

/** Spellings that have a peer, without options. */
export function methodsWithPeers(): string[] {
  return readdirSync(join(peersFolder(), 'methods'))
    .filter((file) => file.endsWith('.py'))
    .map((file) => file.slice(0, -'.py'.length).replaceAll('_', '+'))
    .sort();
}

/** Where the method's own weights lie beside those of the model. */
export const adapterFolder = (folder: string) => join(folder, 'adapter');

/** The job as a peer reads it, with weights from `folder`. */
export function peerJob(job: StepJob, folder: string, deviceKind: PrepareAnswer['deviceKind']): PeerJob {
  const { learningRate, weightDecay, maxGradNorm, dropout, seed, sequenceLength } = job;
  const { inputs, labels } = randomBatch(job, job.vocabularySize);
  const ids = inputs.inputIds!.data;
  const { methods } = parseMethodSpec(job.method);
  return {
    checkpoint: folder,
    adapter: adapterFolder(folder),
    options: Object.fromEntries(methods.map(({ definition, options }) => [definition.name, options])),
    deviceKind,
    dropout,
    seed,
    learningRate,
    weightDecay,
    maxGradNorm,
    inputIds: Array.from({ length: job.batchSize }, (_, row) => [
      ...ids.subarray(row * sequenceLength, (row + 1) * sequenceLength),
    ]),
    labels: [...labels.data],
  };
}
