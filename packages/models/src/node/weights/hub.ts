import { existsSync } from 'node:fs';
import { copyFile, mkdir, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileDownloadInfo } from '@huggingface/hub';
import * as messages from '../../messages.js';
import type { ManifestFile, ModelManifest } from '../../weights/manifest.js';
import { sha256File } from '../sha256.js';
import { WrongBytesError } from './failure.js';
import { hubModelFolder } from './hubCache.js';
import { downloadVerified, fetchPatiently, retrying } from './transfer.js';
import type { TransferOptions } from './transfer.js';

/**
 * Downloads a checkpoint from the Hugging Face hub at its pinned commit into the cache that Python shares, and returns
 * the folder of the commit. The hub's library resolves the files; the transfer is ours, to resume and to check SHA-256.
 * Honours `HF_ENDPOINT` and `HF_TOKEN`.
 */
export async function downloadFromHub(
  manifest: ModelManifest,
  environment: NodeJS.ProcessEnv,
  options: TransferOptions,
): Promise<string> {
  const model = hubModelFolder(environment, manifest.id);
  const snapshot = join(model, 'snapshots', manifest.revision);
  // Small files first: a wrong one is noticed before the weights are fetched.
  for (const file of [...manifest.files].sort((a, b) => a.bytes - b.bytes)) {
    const pointer = join(snapshot, file.name);
    const resolved = await retrying(() => resolveFile(manifest, file, environment, options), options);
    const blob = join(model, 'blobs', resolved.blobName);
    if (!(await isIntact(blob, file))) await downloadVerified(resolved.url, blob, file, options, resolved.headers);
    await linkFile(blob, pointer);
  }
  return snapshot;
}

async function resolveFile(
  manifest: ModelManifest,
  file: ManifestFile,
  environment: NodeJS.ProcessEnv,
  options: TransferOptions,
): Promise<{ url: string; blobName: string; headers: Record<string, string> }> {
  const hubUrl = environment['HF_ENDPOINT']?.replace(/\/+$/, '');
  const token = environment['HF_TOKEN'];
  const info = await fileDownloadInfo({
    repo: manifest.id,
    path: file.name,
    revision: manifest.revision,
    ...(hubUrl ? { hubUrl } : {}),
    ...(token ? { accessToken: token } : {}),
    fetch: (url, init) => fetchPatiently(String(url instanceof Request ? url.url : url), init ?? {}, options),
  });
  if (info?.size !== file.bytes) {
    throw new WrongBytesError(messages.fileSizeWrong(file.name, file.bytes, info?.size ?? 0));
  }
  return {
    url: info.url,
    blobName: blobNameOf(info.etag, file),
    headers: token ? { Authorization: `Bearer ${token}` } : {},
  };
}

/** The ETag without its quotes and the mark of weak tags; the hash where a server's tag is no name for a file. */
function blobNameOf(etag: string, file: ManifestFile): string {
  const name = etag.replace(/^W\//, '').replaceAll('"', '');
  return /^[\w-]+$/.test(name) ? name : file.sha256;
}

async function isIntact(path: string, file: ManifestFile): Promise<boolean> {
  return existsSync(path) && (await sha256File(path)) === file.sha256;
}

/** `snapshots/COMMIT/FILE` → `../../blobs/ETAG`, as Python does; a copy where links are not allowed. */
async function linkFile(blob: string, pointer: string): Promise<void> {
  await mkdir(dirname(pointer), { recursive: true });
  await rm(pointer, { force: true });
  await symlink(relative(dirname(pointer), blob), pointer).catch(() => copyFile(blob, pointer));
}
