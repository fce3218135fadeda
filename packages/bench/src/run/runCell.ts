/** Runs one cell in a child process of its own: whatever happens there, the runner goes on. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { CellConfig, CellProgress } from '../cell/contract.js';
import type { FromCell, ToCell } from '../cell/protocol.js';
import { classify } from './classify.js';
import type { Ending, Verdict } from './classify.js';

export interface CellProcessOptions {
  readonly config: CellConfig;
  readonly stepsPath: string;
  readonly logPath: string;
  /** Paths of plugins that the cell's method comes from. */
  readonly plugins: readonly string[];
  readonly onProgress: (progress: CellProgress) => void;
  readonly onLog: (message: string) => void;
  /** URL of a module exporting `executeCell`; absent: the one of this package. */
  readonly executor?: string | undefined;
}

export interface CellProcess {
  readonly ended: Promise<Verdict>;
  /** Let the current step finish, then stop. */
  readonly stop: () => void;
  /** Stop now. */
  readonly kill: () => void;
}

const childEntry = () => fileURLToPath(new URL('../cell/child.js', import.meta.url));

const logTailBytes = 64 * 1024;

export function startCell(options: CellProcessOptions): CellProcess {
  const log = openSync(options.logPath, 'w');
  let child: ChildProcess;
  try {
    child = fork(childEntry(), options.executor === undefined ? [] : [options.executor], {
      stdio: ['ignore', log, log, 'ipc'],
      serialization: 'advanced',
    });
  } finally {
    closeSync(log); // the child has its own copy
  }
  const send = (message: ToCell) => {
    if (child.connected) child.send(message, () => undefined);
  };
  let final: Ending['final'];
  let stopRequested = false;

  child.on('message', (message: FromCell) => {
    if (message.type === 'progress') options.onProgress(message.progress);
    else if (message.type === 'log') options.onLog(message.message);
    else final = message;
  });
  const { config, stepsPath, plugins } = options;
  send({ type: 'start', config, stepsPath, plugins });

  const ended = new Promise<Verdict>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => {
      tail(options.logPath).then(
        (logTail) => resolve(classify({ final, exitCode, signal, stopRequested, logTail })),
        reject,
      );
    });
  });
  return {
    ended,
    stop: () => {
      stopRequested = true;
      send({ type: 'stop' });
    },
    kill: () => {
      stopRequested = true;
      child.kill('SIGKILL');
    },
  };
}

async function tail(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const length = Math.min(size, logTailBytes);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8');
  } finally {
    await file.close();
  }
}
