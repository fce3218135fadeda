/** `leantune data fetch`: the publisher's files into the cache. */
import { fetchDataset, getTask } from '@leantune/tasks';
import { dataMessages } from '../../messages/data.js';
import type { DataInput } from './data.js';

export async function fetchData({ tasks, terminal }: DataInput): Promise<number> {
  let shownAt = 0;
  for (const name of tasks) {
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
  return 0;
}
