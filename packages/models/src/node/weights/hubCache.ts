import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { cacheFolder, withLock } from '@leantune/core/node';
import { z } from 'zod';
import { writeFileAtomically } from '../atomicFile.js';
import { contentProblem } from '../sha256.js';
import type { RepositoryFile } from './hubClient.js';
import type { HubName } from './hubName.js';

/** The folder that Python's huggingface_hub keeps its files in: `HF_HUB_CACHE`, `HF_HOME`/hub, `~/.cache/huggingface/hub`. */
function hubCacheFolder(environment: NodeJS.ProcessEnv): string {
  const explicit = environment['HF_HUB_CACHE'] ?? environment['HUGGINGFACE_HUB_CACHE'];
  if (explicit) return explicit;
  if (environment['HF_HOME']) return join(environment['HF_HOME'], 'hub');
  return join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'huggingface', 'hub');
}

const folderName = (id: string) => `models--${id.replaceAll('/', '--')}`;

/** Where that cache keeps one model: `blobs/ETAG`, `snapshots/COMMIT/FILE` (links to blobs), `refs/BRANCH`. */
export function hubModelFolder(environment: NodeJS.ProcessEnv, id: string): string {
  return join(hubCacheFolder(environment), folderName(id));
}

export function snapshotFolder(environment: NodeJS.ProcessEnv, id: string, commit: string): string {
  return join(hubModelFolder(environment, id), 'snapshots', commit);
}

export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);

/** A commit of a model in the cache, whole or in parts. */
export interface CachedSnapshot {
  readonly id: string;
  readonly commit: string;
  readonly folder: string;
}

/** What the cache holds of a revision, under any of the model's names: its commit, or for `main` the only one there is. */
export async function findCachedSnapshot(
  name: HubName,
  environment: NodeJS.ProcessEnv,
): Promise<CachedSnapshot | undefined> {
  for (const id of [name.id, ...name.otherIds]) {
    const model = hubModelFolder(environment, id);
    const commits = await readdir(join(model, 'snapshots')).catch(() => []);
    const wanted = await readFile(join(model, 'refs', name.revision), 'utf8').then(
      (text) => text.trim(),
      () => name.revision,
    );
    const only = name.revision === 'main' && wanted === 'main' && commits.length === 1 ? commits[0] : undefined;
    const commit = commits.find((each) => each === wanted) ?? only;
    if (commit !== undefined) return { id, commit, folder: join(model, 'snapshots', commit) };
  }
  return undefined;
}

/** Remembers which commit a branch means, as Python does; a commit means itself. */
export async function writeRef(
  environment: NodeJS.ProcessEnv,
  id: string,
  revision: string,
  commit: string,
): Promise<void> {
  if (revision === commit) return;
  await writeFileAtomically(join(hubModelFolder(environment, id), 'refs', revision), [Buffer.from(commit)]);
}

/**
 * Puts a file into the cache and links it into the snapshot of its commit. `fetch` gets the place of the blob and is
 * called only where the cache has no intact one; of several processes one fetches and the others wait.
 */
export async function placeInCache(
  environment: NodeJS.ProcessEnv,
  id: string,
  commit: string,
  file: RepositoryFile,
  fetch: (blob: string) => Promise<void>,
): Promise<void> {
  const blob = join(hubModelFolder(environment, id), 'blobs', file.blobName);
  const lock = join(hubCacheFolder(environment), '.locks', folderName(id), `${file.blobName}.leantune`);
  await withLock(lock, async () => {
    const size = await stat(blob).then(
      (found) => found.size,
      () => undefined,
    );
    if (size !== file.bytes || (await contentProblem(blob, file)) !== undefined) await fetch(blob);
    await linkFile(blob, join(snapshotFolder(environment, id, commit), file.name));
  });
}

/** `snapshots/COMMIT/FILE` → `../../blobs/ETAG`, as Python does; a copy where links are not allowed. */
async function linkFile(blob: string, pointer: string): Promise<void> {
  await mkdir(dirname(pointer), { recursive: true });
  const fresh = `${pointer}.${process.pid}.incomplete`;
  await rm(fresh, { force: true });
  await symlink(relative(dirname(pointer), blob), fresh).catch(() => copyFile(blob, fresh));
  await rename(fresh, pointer);
}

const listedFile = z.object({ name: z.string(), bytes: z.int().nonnegative(), blobName: z.string() });
const listing = z.array(
  z.union([listedFile.extend({ sha256: z.string() }), listedFile.extend({ gitBlobSha1: z.string() })]),
);

const listingFile = (environment: NodeJS.ProcessEnv, id: string, commit: string) =>
  join(cacheFolder(environment), 'hub', folderName(id), `${commit}.json`);

/** Remembers what a whole checkpoint consists of, so that a download that broke off is not taken for one. */
export async function writeListing(
  environment: NodeJS.ProcessEnv,
  id: string,
  commit: string,
  files: readonly RepositoryFile[],
): Promise<void> {
  await writeFileAtomically(listingFile(environment, id, commit), [Buffer.from(JSON.stringify(files))]);
}

/** What `writeListing` remembered; undefined for a snapshot that only Python knows. */
export async function readListing(
  environment: NodeJS.ProcessEnv,
  { id, commit }: CachedSnapshot,
): Promise<readonly RepositoryFile[] | undefined> {
  const file = listingFile(environment, id, commit);
  if (!existsSync(file)) return undefined;
  const text = await readFile(file, 'utf8');
  try {
    return listing.parse(JSON.parse(text));
  } catch {
    return undefined; // a damaged note is no note
  }
}
