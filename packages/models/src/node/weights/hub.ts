import { join } from 'node:path';
import { CorruptFileError } from '@leantune/core';
import * as messages from '../../messages.js';
import type { ModelManifest } from '../../weights/manifest.js';
import { readJson } from '../readJson.js';
import { shardNames } from './checkFolder.js';
import { chooseFiles, shardIndex } from './chooseFiles.js';
import { HttpError, WrongBytesError } from './failure.js';
import { isCommit, placeInCache, snapshotFolder, writeListing, writeRef } from './hubCache.js';
import { explained, hubClient } from './hubClient.js';
import type { HubClient, RepositoryFile } from './hubClient.js';
import type { HubName } from './hubName.js';
import { downloadVerified } from './transfer.js';
import type { TransferOptions } from './transfer.js';

/**
 * Downloads a known checkpoint from the Hugging Face hub at its pinned commit into the cache that Python shares, and
 * returns the folder of the commit. Honours `HF_ENDPOINT` and `HF_TOKEN`.
 */
export async function downloadFromHub(
  manifest: ModelManifest,
  environment: NodeJS.ProcessEnv,
  options: TransferOptions,
): Promise<string> {
  const { id, revision } = manifest;
  const client = hubClient(environment, options);
  const listed = new Map((await client.filesOf(id, revision)).map((file) => [file.name, file]));
  const files = manifest.files.map((file) => {
    const found = listed.get(file.name);
    if (found?.bytes !== file.bytes)
      throw new WrongBytesError(messages.fileSizeWrong(file.name, file.bytes, found?.bytes ?? 0));
    return { ...file, blobName: found.blobName };
  });
  await download(client, id, revision, files, environment, options);
  return snapshotFolder(environment, id, revision);
}

/**
 * Downloads any checkpoint of the hub: asks once which commit the revision means, chooses the files, and fetches them
 * into the cache that Python shares.
 * @throws EnvironmentError where the repository holds no checkpoint, or only pickles.
 */
export async function downloadRepository(
  name: HubName,
  environment: NodeJS.ProcessEnv,
  options: TransferOptions,
): Promise<{ readonly folder: string; readonly commit: string; readonly files: readonly RepositoryFile[] }> {
  const { id, revision } = name;
  const client = hubClient(environment, options);
  const commit = isCommit(revision) ? revision : await client.commitOf(id, revision);
  const listed = await client.filesOf(id, commit);
  const { small, weights } = chooseFiles(id, listed);
  await writeRef(environment, id, revision, commit);
  const folder = snapshotFolder(environment, id, commit);
  let large = weights === undefined ? [] : [weights];
  if (weights === undefined) {
    await download(client, id, commit, small, environment, options);
    large = await shardsOf(folder, listed);
  }
  const files = [...small, ...large];
  await writeListing(environment, id, commit, files);
  await download(client, id, commit, files, environment, options);
  return { folder, commit, files };
}

/** The shards that the downloaded index names. */
async function shardsOf(folder: string, listed: readonly RepositoryFile[]): Promise<RepositoryFile[]> {
  const index = join(folder, shardIndex);
  const names = shardNames(await readJson(index));
  return names.map((name) => {
    const found = listed.find((file) => file.name === name);
    if (found !== undefined) return found;
    const message = messages.shardAbsent(index, name);
    throw new CorruptFileError(message, {
      code: 'LEANTUNE_SHARD_ABSENT',
      file: index,
      remedy: messages.remedyOtherRepository(),
    });
  });
}

async function download(
  client: HubClient,
  id: string,
  commit: string,
  files: readonly RepositoryFile[],
  environment: NodeJS.ProcessEnv,
  options: TransferOptions,
): Promise<void> {
  // Small files first: a wrong one is noticed before the weights are fetched.
  for (const file of [...files].sort((a, b) => a.bytes - b.bytes)) {
    await placeInCache(environment, id, commit, file, (blob) =>
      downloadVerified(client.addressOf(id, commit, file.name), blob, file, options, client.headers).catch(
        (error: unknown) => {
          // What the list named and is not given is for those with access only.
          throw error instanceof HttpError && error.status !== 404
            ? explained(error, id, commit, 'Authorization' in client.headers)
            : error;
        },
      ),
    );
  }
}
