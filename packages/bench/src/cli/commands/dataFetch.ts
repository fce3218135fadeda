/** `leantune data fetch`: the publisher's files into the cache. */
import { LeantuneError } from '@leantune/core';
import { fetchDataset, getTask } from '@leantune/tasks';
import { dataMessages } from '../../messages/data.js';
import { printError } from '../printError.js';
import type { DataInput } from './data.js';

/** One dataset that cannot be fetched keeps none of the others from coming: what failed is told at the end. */
export async function fetchData({ tasks, terminal }: DataInput): Promise<number> {
  const failures: LeantuneError[] = [];
  for (const name of tasks) {
    try {
      await fetchOne(name, terminal);
    } catch (error) {
      if (!(error instanceof LeantuneError)) throw error;
      failures.push(error);
    }
  }
  if (failures.length === 1) throw failures[0]!;
  for (const failure of failures) printError(failure, terminal);
  return Math.max(0, ...failures.map(({ exitCode }) => exitCode));
}

async function fetchOne(name: string, terminal: DataInput['terminal']): Promise<void> {
  let shownAt = 0;
  const { folder, files, replaced } = await fetchDataset(getTask(name), {
    onProgress: ({ file, receivedBytes, totalBytes }) => {
      if (Date.now() - shownAt < 1000) return;
      shownAt = Date.now();
      terminal.err(`${dataMessages.fetching(file, receivedBytes, totalBytes)}\n`);
    },
  });
  if (replaced.length > 0) terminal.err(`${dataMessages.replaced(name, replaced)}\n`);
  terminal.out(`${dataMessages.fetched(name, files, folder)}\n`);
}
