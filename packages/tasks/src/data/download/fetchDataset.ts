/** Downloads a dataset from its publisher into the cache: checked, unpacked, and in its place only when whole. */
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CorruptFileError, EnvironmentError, LeantuneError, UsageError } from '@leantune/core';
import {
  WrongBytesError,
  describeFailure,
  downloadVerified,
  isOffline,
  type TransferOptions,
} from '@leantune/models/node';
import { messages } from '../../messages.js';
import type { TaskDeclaration } from '../../task/declaration.js';
import { dataCache } from '../dataFolder.js';
import type { LoadedFile } from '../dataset.js';
import { digestOf } from '../readers/lines.js';
import { unpack } from './archive.js';
import type { Download } from './download.js';
import { isOneOf, noteFetched, readFetched } from './fetchedFiles.js';

export interface FetchDatasetOptions extends TransferOptions {
  /** Default: the process's. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Touch no network; `HF_HUB_OFFLINE=1` means the same. */
  readonly offline?: boolean;
}

export interface FetchedDataset {
  readonly folder: string;
  /** Files that came, below the folder; none where all were there. */
  readonly files: readonly string[];
  /** Those of them that had been there with other content than published. */
  readonly replaced: readonly string[];
}

/**
 * Fetches what is not there yet, or with other content.
 * @throws UsageError where nobody serves the files, EnvironmentError offline or where a download fails, CorruptFileError
 * for a download with other content than published
 */
export async function fetchDataset(
  { name, source, load, manifest, downloads = [] }: TaskDeclaration,
  { environment = process.env, offline = isOffline(environment), ...transfer }: FetchDatasetOptions = {},
): Promise<FetchedDataset> {
  const place = load.folders?.[0];
  if (place === undefined || downloads.length === 0) {
    throw new UsageError(messages.noDownload(name, source.homepage), { code: 'LEANTUNE_NO_DOWNLOAD' });
  }
  const folder = join(dataCache(environment), place);
  const present = await readdir(folder, { recursive: true }).catch((): string[] => []);
  const known = [...manifest.files, ...(await readFetched(folder)), ...downloads.flatMap(asFile)];
  const damaged: string[] = [];
  for (const path of downloads.flatMap(placesOf)) {
    if (present.includes(path) && !(await isOneOf(known, folder, path))) damaged.push(path);
  }
  const isMissing = (path: string) => !present.includes(path) || damaged.includes(path);
  const wanted = downloads.filter((download) => placesOf(download).some(isMissing));
  if (wanted.length > 0 && offline) {
    const missing = wanted
      .flatMap(placesOf)
      .filter(isMissing)
      .map((path) => (damaged.includes(path) ? messages.otherContent(path) : path));
    throw new EnvironmentError(messages.offline(name, missing, folder), {
      code: 'LEANTUNE_OFFLINE',
      remedy: messages.offlineRemedy(
        wanted.map(({ url }) => url),
        folder,
      ),
    });
  }
  if (wanted.length === 0) return { folder, files: [], replaced: [] };
  await mkdir(dataCache(environment), { recursive: true });
  const staging = await mkdtemp(join(dataCache(environment), '.incoming-'));
  try {
    const fetched: LoadedFile[] = [];
    for (const download of wanted) fetched.push(...(await fetchFiles(download, staging, folder, transfer)));
    // Everything is there and checked: each file appears at once.
    const files = fetched.map(({ path }) => path);
    for (const file of files) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await rename(join(staging, 'files', file), join(folder, file));
    }
    await noteFetched(folder, staging, fetched);
    return { folder, files, replaced: damaged };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

const placesOf = ({ places }: Download): string[] => (typeof places === 'string' ? [places] : Object.values(places));

/** What a download that is no archive tells of its file. */
const asFile = ({ places, bytes, sha256 }: Download): LoadedFile[] =>
  typeof places === 'string' ? [{ path: places, bytes, sha256 }] : [];

/** Puts the files of one download below `staging/files` and describes them. */
async function fetchFiles(
  { url, bytes, sha256, places }: Download,
  staging: string,
  folder: string,
  transfer: TransferOptions,
): Promise<LoadedFile[]> {
  const target = join(staging, 'download');
  const remedy = messages.otherDownloadRemedy(folder);
  try {
    await downloadVerified(url, target, { bytes, sha256, name: url }, transfer);
  } catch (error) {
    if (error instanceof LeantuneError) throw error;
    if (error instanceof WrongBytesError) {
      throw new CorruptFileError(messages.otherDownload(error.message), {
        file: url,
        code: 'LEANTUNE_CHECKSUM',
        remedy,
        cause: error,
      });
    }
    throw new EnvironmentError(messages.downloadFailed(url, describeFailure(error).reason), {
      code: 'LEANTUNE_DOWNLOAD',
      remedy: messages.downloadFailedRemedy(folder),
      cause: error,
    });
  }
  const content = await readFile(target);
  const files = typeof places === 'string' ? new Map([[places, content]]) : await unpack(content, places, url, remedy);
  for (const [path, part] of files) {
    await mkdir(dirname(join(staging, 'files', path)), { recursive: true });
    await writeFile(join(staging, 'files', path), part);
  }
  await rm(target);
  return [...files].map(([path, part]) => ({ path, ...digestOf(part) }));
}
