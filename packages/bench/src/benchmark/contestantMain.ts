/** Entry point of our contestant: `node contestantMain.js BACKEND`, requests on stdin, answers on stdout. */
import { createInterface } from 'node:readline';
import { useBackend } from '@leantune/core';
import type { LoadedBackend } from '@leantune/core';
import { loadBackend } from '@leantune/core/node';
import { opTimer } from './opTimer.js';
import type { Job, OwnRequest, PrepareAnswer, TurnAnswer } from './protocol.js';
import { checkStep, makeTrainee } from './stepModel.js';
import { timeStep } from './timers.js';
import '../registry/backends.js';

// stdout is kept for answers.
console.log = console.error;

let backend: LoadedBackend | undefined;
let turn: (() => Promise<TurnAnswer>) | undefined;

async function answer(request: OwnRequest): Promise<unknown> {
  if (backend === undefined) {
    backend = await loadBackend(process.argv[2], { requestedBy: '--backend' });
    await useBackend(backend);
  }
  if (request.do === 'check') return checkStep(request.job, request.folder);
  if (request.do === 'prepare') {
    turn = await prepare(request.job);
    const { description, kind } = backend.device;
    return { device: description, deviceKind: kind } satisfies PrepareAnswer;
  }
  return turn!();
}

async function prepare(job: Job): Promise<() => Promise<TurnAnswer>> {
  if (job.kind === 'op') return opTimer(job);
  const trainee = await makeTrainee(job);
  return () => timeStep(() => trainee.step());
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply: unknown;
  try {
    reply = await answer(JSON.parse(line) as OwnRequest);
  } catch (error) {
    reply = { error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
// Native libraries may hold the process with threads of their own.
process.exit(0);
