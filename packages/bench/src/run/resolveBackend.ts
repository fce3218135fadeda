/** Resolves the backend once for a whole run, in a short-lived process. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EnvironmentError, UsageError } from '@leantune/core';
import type { CellOutcome } from '../cell/contract.js';
import { messages } from '../messages.js';

export interface ChosenBackend {
  readonly name: string;
  readonly reason: string;
  readonly device: string;
  readonly details: CellOutcome['backend']['details'];
  /** What it can hold besides float32, int32 and bool. */
  readonly storageDtypes: readonly string[];
}

export type ProbeAnswer =
  | ({ readonly status: 'loaded' } & ChosenBackend)
  | {
      readonly status: 'error';
      readonly exitCode: number;
      readonly code: string;
      readonly message: string;
      readonly remedy?: string;
    };

/** @throws UsageError for unknown names, EnvironmentError where nothing suitable loads. */
export async function chooseBackend(requested: string | undefined): Promise<ChosenBackend> {
  const answer = await askProbe(requested);
  if (answer.status === 'loaded') {
    const { status: _status, ...backend } = answer;
    return backend;
  }
  const { code, remedy } = answer;
  const details = { code, ...(remedy === undefined ? {} : { remedy }) };
  if (answer.exitCode !== 2) throw new EnvironmentError(answer.message, details);
  const fromEnvironment = requested === undefined && Boolean(process.env.LEANTUNE_BACKEND);
  throw new UsageError(
    fromEnvironment ? messages.inEnvironment('LEANTUNE_BACKEND', answer.message) : answer.message,
    details,
  );
}

function askProbe(requested: string | undefined): Promise<ProbeAnswer> {
  const entry = fileURLToPath(new URL('./probe.js', import.meta.url));
  return new Promise((resolve, reject) => {
    const child = fork(entry, requested === undefined ? [] : [requested], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let answer: ProbeAnswer | undefined;
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => (stderr = `${stderr}${chunk.toString()}`.slice(-4000)));
    child.on('message', (message: ProbeAnswer) => (answer = message));
    child.once('error', reject);
    child.once('close', (exitCode, signal) => {
      if (answer !== undefined) resolve(answer);
      else {
        reject(
          new EnvironmentError(messages.probeDied(signal ?? `exit code ${exitCode ?? 'unknown'}`, stderr.trim()), {
            code: 'LEANTUNE_PROBE_DIED',
            remedy: messages.probeDiedRemedy(),
          }),
        );
      }
    });
  });
}
