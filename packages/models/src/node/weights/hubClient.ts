import { listFiles, modelInfo } from '@huggingface/hub';
import * as messages from '../../messages.js';
import type { ExpectedFile } from '../sha256.js';
import { HttpError, HubRefusal } from './failure.js';
import { fetchPatiently, retrying } from './transfer.js';
import type { TransferOptions } from './transfer.js';

/** A file of a repository at the hub. */
export type RepositoryFile = ExpectedFile & {
  readonly name: string;
  /** Name of its content in the cache: what the hub sends as its ETag. */
  readonly blobName: string;
};

/** The hub as a program sees it. Every failure to answer is retried while it may pass, then explained. */
export interface HubClient {
  /** The commit that a branch, tag or commit means. */
  commitOf(id: string, revision: string): Promise<string>;
  /** All files of a commit, at any depth. */
  filesOf(id: string, commit: string): Promise<readonly RepositoryFile[]>;
  addressOf(id: string, commit: string, file: string): string;
  /** To be sent with every request for a file. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The hub that `HF_ENDPOINT` names, else huggingface.co, with the token of `HF_TOKEN`. */
export function hubClient(environment: NodeJS.ProcessEnv, options: TransferOptions): HubClient {
  const hubUrl = (environment['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/, '');
  const accessToken = environment['HF_TOKEN']?.trim();
  const access = {
    hubUrl,
    ...(accessToken ? { accessToken } : {}),
    fetch: (url: string | URL | Request, init?: RequestInit) =>
      fetchPatiently(String(url instanceof Request ? url.url : url), init ?? {}, options),
  };
  const asking = <T>(id: string, revision: string, ask: () => Promise<T>): Promise<T> =>
    retrying(ask, options).catch((error: unknown) => {
      throw explained(error, id, revision, accessToken !== undefined);
    });
  return {
    headers: accessToken ? { Authorization: `Bearer ${accessToken}` } : {},
    addressOf: (id, commit, file) =>
      `${hubUrl}/${id}/resolve/${commit}/${file.split('/').map(encodeURIComponent).join('/')}`,
    commitOf: (id, revision) =>
      asking(id, revision, async () => {
        const { sha } = await modelInfo({ name: id, revision, additionalFields: ['sha'], ...access });
        if (typeof sha !== 'string' || !/^[0-9a-f]{40}$/.test(sha)) throw new Error(messages.hubAnswerStrange(hubUrl));
        return sha;
      }),
    filesOf: (id, commit) =>
      asking(id, commit, async () => {
        const files: RepositoryFile[] = [];
        for await (const entry of listFiles({ repo: id, revision: commit, recursive: true, ...access })) {
          if (entry.type !== 'file') continue;
          if (entry.lfs !== undefined) {
            const { oid, size } = entry.lfs;
            files.push({ name: entry.path, bytes: size, sha256: oid, blobName: oid });
          } else if (entry.oid !== undefined) {
            files.push({ name: entry.path, bytes: entry.size, gitBlobSha1: entry.oid, blobName: entry.oid });
          }
        }
        return files;
      }),
  };
}

/** What the hub's refusals mean; other failures as they are. */
export function explained(error: unknown, id: string, revision: string, hasToken: boolean): unknown {
  if (!(error instanceof HttpError)) return error;
  const { status, hubCode } = error;
  if (status === 403 || hubCode === 'GatedRepo') return new HubRefusal('gated', messages.hubGated(id, hasToken), error);
  if (hubCode === 'RevisionNotFound') return new HubRefusal('absent', messages.hubRevisionAbsent(id, revision), error);
  // Without a token, the hub does not tell a private model from none.
  if (status === 401) return new HubRefusal('absent', messages.hubUnauthorized(id, hasToken), error);
  if (status === 404) return new HubRefusal('absent', messages.hubModelAbsent(id, revision), error);
  return error;
}
