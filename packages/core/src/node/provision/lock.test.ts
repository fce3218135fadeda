import { spawnSync } from 'node:child_process';
import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../testing/fakeTensorflow.js';
import { withLock } from './lock.js';

const lockFile = () => join(temporaryFolder(), 'folder', 'setup.lock');

/** Leaves a lock as another process would, last touched `ageMs` ago. */
function leaveLock(file: string, holder: { pid: number; host: string }, ageMs = 0): void {
  writeFileSync(file, JSON.stringify(holder));
  const touched = new Date(Date.now() - ageMs);
  utimesSync(file, touched, touched);
}

/** The id of a process that has ended. */
const deadProcess = () => spawnSync(process.execPath, ['-e', '']).pid;

test('two holders never work at the same time, and the second is told whom it waits for', async () => {
  const file = lockFile();
  let working = 0;
  let most = 0;
  const waitedFor: number[] = [];
  const work = async () => {
    most = Math.max(most, (working += 1));
    await wait(60);
    working -= 1;
  };
  const options = { pollMs: 10, onWait: (holder: { pid: number }) => waitedFor.push(holder.pid) };
  await Promise.all([1, 2, 3].map(() => withLock(file, work, options)));
  expect(most).toBe(1);
  expect(waitedFor).toEqual([process.pid, process.pid]);
  expect(existsSync(file)).toBe(false);
});

test('the lock is given back when the work fails', async () => {
  const file = lockFile();
  const failing = withLock(file, () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  expect(existsSync(file)).toBe(false);
});

test('a lock of a process that is gone is taken over at once', async () => {
  const file = join(temporaryFolder(), 'setup.lock');
  leaveLock(file, { pid: deadProcess(), host: hostname() });
  expect(await withLock(file, async () => 'done', { pollMs: 10 })).toBe('done');
});

test('a lock of another machine is taken over only when it is stale', async () => {
  const file = join(temporaryFolder(), 'setup.lock');
  leaveLock(file, { pid: 1, host: 'another-machine' });
  const signal = AbortSignal.timeout(100);
  await expect(withLock(file, async () => 'done', { pollMs: 10, signal })).rejects.toThrow();
  leaveLock(file, { pid: 1, host: 'another-machine' }, 120_000);
  expect(await withLock(file, async () => 'done', { pollMs: 10 })).toBe('done');
});

test('a lock that was cut short in writing is waited for, then taken over', async () => {
  const file = join(temporaryFolder(), 'setup.lock');
  writeFileSync(file, '{"pid":');
  expect(await withLock(file, async () => 'done', { pollMs: 10, staleMs: 200 })).toBe('done');
});
