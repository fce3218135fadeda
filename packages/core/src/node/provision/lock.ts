import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

interface LockHolder {
  readonly pid: number;
  readonly host: string;
}

interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called once when another process holds the lock and this one begins to wait. */
  readonly onWait?: (holder: LockHolder) => void;
  /** A lock whose holder has not shown itself for so long is taken over. */
  readonly staleMs?: number;
  readonly pollMs?: number;
}

/**
 * Runs `work` while `file` says that this process holds the lock; waits for another holder to finish. A lock left by
 * a process that is gone is taken over: at once on the same machine, else when its file has not been touched for
 * `staleMs` (the holder touches it every quarter of that).
 */
export async function withLock<T>(file: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const staleMs = options.staleMs ?? 60_000;
  await mkdir(dirname(file), { recursive: true });
  let told = false;
  while (!(await tryAcquire(file))) {
    options.signal?.throwIfAborted();
    const holder = await readHolder(file);
    if (holder === undefined) continue;
    if (await isStale(file, holder, staleMs)) {
      await discard(file, holder);
      continue;
    }
    if (!told) options.onWait?.(holder);
    told = true;
    await wait(options.pollMs ?? 500, undefined, { signal: options.signal });
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => undefined); // a lock that somebody removed needs no heartbeat
  }, staleMs / 4);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    await rm(file, { force: true });
  }
}

async function tryAcquire(file: string): Promise<boolean> {
  try {
    const holder: LockHolder = { pid: process.pid, host: hostname() };
    await writeFile(file, JSON.stringify(holder), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** The holder; one that never was where the text is not (yet) whole; undefined where the lock is gone. */
async function readHolder(file: string): Promise<LockHolder | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as LockHolder;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return { pid: 0, host: '' };
  }
}

async function isStale(file: string, holder: LockHolder, staleMs: number): Promise<boolean> {
  if (holder.host === hostname() && !isAlive(holder.pid)) return true;
  try {
    return Date.now() - (await stat(file)).mtimeMs > staleMs;
  } catch {
    return true;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Removes the lock of `holder`. It is moved away first, so that of two processes that find it only one removes it;
 * where another process has taken over in between, its lock is put back.
 */
async function discard(file: string, holder: LockHolder): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = await readHolder(aside);
  if (moved?.pid !== holder.pid || moved.host !== holder.host) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}
