/**
 * Entry point of the process that runs one cell: `node child.js [module exporting executeCell]`. It tells its
 * parent how it goes, writes the step log itself, and leaves the result file to the parent, who also knows how
 * the process ended when it could not say so.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LeantuneError, OutOfMemoryError } from '@leantune/core';
import { CellInterruptedError } from './contract.js';
import type { ExecuteCell } from './contract.js';
import type { FromCell, ReportedError, ToCell } from './protocol.js';
import '../registry/backends.js';

let stopping = false;

// A terminal's Ctrl-C reaches the whole process group: the parent decides what it means.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => (stopping = true));
process.on('disconnect', () => process.exit(1));
process.on('message', (message: ToCell) => {
  if (message.type === 'stop') stopping = true;
  else void main(message);
});

async function main({ config, stepsPath, plugins }: Extract<ToCell, { type: 'start' }>): Promise<void> {
  const steps = openSync(stepsPath, 'w');
  let last: FromCell;
  try {
    const executeCell = await loadExecutor();
    await loadPlugins(plugins);
    const outcome = await executeCell(config, {
      onProgress: (progress) => send({ type: 'progress', progress }),
      onLog: (message) => send({ type: 'log', message }),
      onStep: async (record) => {
        writeSync(steps, `${JSON.stringify(record)}\n`);
        await breathe();
      },
      breathe,
    });
    last = { type: 'done', outcome };
  } catch (error) {
    if (error instanceof CellInterruptedError) {
      last = { type: 'interrupted' };
    } else {
      console.error(error);
      last = { type: 'error', error: describe(error) };
    }
  } finally {
    closeSync(steps);
  }
  process.send?.(last, () => process.exit(0));
}

/** This package's cell, or the module that the command line names in tests of the runner. */
async function breathe(): Promise<void> {
  await nextTurn();
  if (stopping) throw new CellInterruptedError();
}

async function loadPlugins(paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const { loadPlugin } = await import('../plugins/loadPlugins.js');
  for (const path of paths) await loadPlugin(path, process.cwd());
}

async function loadExecutor(): Promise<ExecuteCell> {
  const entry = process.argv[2];
  const module = (entry === undefined ? await import('./executeCell.js') : await import(entry)) as {
    readonly executeCell: ExecuteCell;
  };
  return module.executeCell;
}

function send(message: FromCell): void {
  process.send?.(message);
}

function describe(error: unknown): ReportedError {
  if (!(error instanceof Error)) return { name: 'Error', code: 'LEANTUNE_UNEXPECTED', message: String(error) };
  if (!(error instanceof LeantuneError)) {
    return { name: error.name, code: 'LEANTUNE_UNEXPECTED', message: `${error.name}: ${error.message}` };
  }
  const { requestedBytes, freeBytes } = error instanceof OutOfMemoryError ? error : {};
  return {
    name: error instanceof OutOfMemoryError ? 'OutOfMemoryError' : error.name,
    code: error.code,
    message: error.message,
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    ...(requestedBytes === undefined ? {} : { requestedBytes }),
    ...(freeBytes === undefined ? {} : { freeBytes }),
  };
}
