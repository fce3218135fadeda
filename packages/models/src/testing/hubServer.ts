import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the server treats one request; unlisted requests are served well. */
export type Behaviour =
  'drop' | 'truncate' | 'corrupt' | 'unavailable' | 'forbidden' | 'redirect' | 'ignore-range' | 'stall' | 'too-long';

export interface HubServer {
  readonly url: string;
  /** Behaviour of the next requests for a file's body, by file name; `api` for the questions to the interface. */
  readonly plan: Map<string, Behaviour[]>;
  /** `FILE whole` or `FILE bytes=FROM-` of every request for a body, in order. */
  readonly requests: string[];
  /** Addresses below `/api/` that were asked for, in order. */
  readonly questions: string[];
  readonly authorizations: Set<string>;
  close(): Promise<void>;
}

/** A model at the server. */
export interface ServedModel {
  /** `owner/name` */
  readonly id: string;
  readonly commit: string;
  readonly files: Readonly<Record<string, Buffer>>;
  /** A gated model answers only to those who send this token. */
  readonly token?: string;
}

/** The name that the hub gives to a file's content: SHA-256 for files in LFS (weights here), else Git's SHA-1. */
export function blobNameOf(name: string, content: Buffer): string {
  if (isLarge(name)) return createHash('sha256').update(content).digest('hex');
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}

const isLarge = (name: string) => /\.(safetensors|bin)$/.test(name);

/**
 * A server with the hub's addresses: `/api/models/ID/revision/REVISION`, `/api/models/ID/tree/COMMIT` (in pages of two),
 * `/ID/resolve/COMMIT/FILE` with ranges and ETag. It knows one model; `main` and `refs/pr/1` mean its commit.
 */
export async function startHubServer(model: ServedModel): Promise<HubServer> {
  const plan = new Map<string, Behaviour[]>();
  const requests: string[] = [];
  const questions: string[] = [];
  const authorizations = new Set<string>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://hub');
    const path = decodeURIComponent(url.pathname).replace(/^\/mirror/, '');
    const authorization = request.headers.authorization ?? '';
    authorizations.add(authorization);
    if (path.startsWith('/api/')) {
      questions.push(path);
      return void answer(model, path, url, authorization, plan.get('api')?.shift(), response);
    }
    const prefix = ['main', model.commit]
      .map((each) => `/${model.id}/resolve/${each}/`)
      .find((each) => path.startsWith(each));
    const name = path.slice(prefix?.length ?? 0);
    const content = prefix === undefined ? undefined : model.files[name];
    if (content === undefined) return void refuse(response, 404, 'EntryNotFound');
    if (isGated(model, authorization)) return void refuse(response, 403, 'GatedRepo');
    response.setHeader('x-repo-commit', model.commit);
    // Python asks for a file's headers first.
    if (request.method !== 'HEAD') requests.push(`${name} ${request.headers.range ?? 'whole'}`);
    const behaviour = request.method === 'HEAD' ? undefined : plan.get(name)?.shift();
    const range = behaviour === 'ignore-range' ? null : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    serve(response, request, name, content, range, behaviour);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    plan,
    requests,
    questions,
    authorizations,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const isGated = (model: ServedModel, authorization: string) =>
  model.token !== undefined && authorization !== `Bearer ${model.token}`;

function answer(
  model: ServedModel,
  path: string,
  url: URL,
  authorization: string,
  behaviour: Behaviour | undefined,
  response: ServerResponse,
): void {
  if (behaviour === 'unavailable') return refuse(response, 503);
  if (behaviour === 'drop') return void response.destroy();
  const json = (content: unknown, headers: Record<string, string> = {}) =>
    void response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(content));
  const question = /^\/api\/models\/(.+?)\/(revision|tree)\/(.+)$/.exec(path);
  // To those without a token, the hub does not tell a private model from none.
  if (question?.[1] !== model.id) return refuse(response, authorization === '' ? 401 : 404, 'RepoNotFound');
  if (!['main', 'refs/pr/1', model.commit].includes(question[3]!)) return refuse(response, 404, 'RevisionNotFound');
  if (question[2] === 'revision') {
    return json({
      _id: '1',
      id: model.id,
      sha: model.commit,
      private: false,
      gated: false,
      lastModified: '2024-01-01',
    });
  }
  if (isGated(model, authorization)) return refuse(response, authorization === '' ? 401 : 403, 'GatedRepo');
  const entries = Object.entries(model.files).map(([name, content]) => ({
    type: 'file',
    path: name,
    size: content.length,
    ...(isLarge(name)
      ? { oid: 'f'.repeat(40), lfs: { oid: blobNameOf(name, content), size: content.length, pointerSize: 134 } }
      : { oid: blobNameOf(name, content) }),
  }));
  const from = Number(url.searchParams.get('cursor') ?? 0);
  const next = `<http://${response.req.headers.host}${url.pathname}?recursive=true&cursor=${from + 2}>; rel="next"`;
  json([{ type: 'directory', path: 'onnx', size: 0, oid: '0' }, ...entries.slice(from, from + 2)], {
    ...(from + 2 < entries.length ? { link: next } : {}),
  });
}

function refuse(response: ServerResponse, status: number, code?: string): void {
  response.writeHead(status, code === undefined ? {} : { 'x-error-code': code }).end();
}

function serve(
  response: ServerResponse,
  request: IncomingMessage,
  name: string,
  content: Buffer,
  range: RegExpExecArray | null,
  behaviour: Behaviour | undefined,
): void {
  if (behaviour === 'unavailable') return refuse(response, 503);
  if (behaviour === 'forbidden') return refuse(response, 403);
  if (behaviour === 'redirect') return void response.writeHead(307, { location: `/mirror${request.url}` }).end();
  const from = range === null ? 0 : Number(range[1]);
  const to = range === null || range[2] === '' ? content.length : Number(range[2]) + 1;
  let body = content.subarray(from, to);
  if (behaviour === 'corrupt') body = Buffer.from(body.map((byte) => byte ^ 1));
  if (behaviour === 'too-long') body = Buffer.concat([body, Buffer.from('more')]);
  const half = body.subarray(0, Math.floor(body.length / 2));
  const length = behaviour === 'truncate' ? half.length : body.length;
  response.writeHead(range === null ? 200 : 206, {
    etag: `"${blobNameOf(name, content)}"`,
    'content-length': length,
    ...(range === null ? {} : { 'content-range': `bytes ${from}-${to - 1}/${content.length}` }),
  });
  if (behaviour === 'drop') response.write(half, () => response.destroy());
  else if (behaviour === 'stall') response.write(half);
  else response.end(behaviour === 'truncate' ? half : body);
}

/** An address of this machine where nobody listens. */
export async function deadAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
