import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the server treats one request for the body of a file; unlisted requests are served well. */
export type Behaviour =
  'drop' | 'truncate' | 'corrupt' | 'unavailable' | 'forbidden' | 'redirect' | 'ignore-range' | 'stall' | 'too-long';

export interface HubServer {
  readonly url: string;
  /** Behaviour of the next requests for a file's body, by file name. */
  readonly plan: Map<string, Behaviour[]>;
  /** `FILE bytes=FROM-` of every request for a body, in order. */
  readonly requests: string[];
  readonly authorizations: Set<string>;
  close(): Promise<void>;
}

/**
 * A server with the hub's addresses: `/ID/resolve/REVISION/FILE`, range requests, ETag. The first request for a file
 * (`bytes=0-0`) is the library's question for size and tag; it is always answered well.
 */
export async function startHubServer(prefix: string, files: Readonly<Record<string, Buffer>>): Promise<HubServer> {
  const plan = new Map<string, Behaviour[]>();
  const requests: string[] = [];
  const authorizations = new Set<string>();
  const server = createServer((request, response) => {
    const name = decodeURIComponent(request.url ?? '')
      .replace(/^\/mirror/, '')
      .replace(`${prefix}/`, '');
    const content = files[name];
    authorizations.add(request.headers.authorization ?? '');
    if (content === undefined) return void response.writeHead(404).end();
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const isQuestion = request.headers.range === 'bytes=0-0';
    if (!isQuestion) requests.push(`${name} ${request.headers.range ?? 'whole'}`);
    const behaviour = isQuestion ? undefined : plan.get(name)?.shift();
    serve(response, request, content, behaviour === 'ignore-range' ? null : range, behaviour);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    plan,
    requests,
    authorizations,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function serve(
  response: ServerResponse,
  request: IncomingMessage,
  content: Buffer,
  range: RegExpExecArray | null,
  behaviour: Behaviour | undefined,
): void {
  if (behaviour === 'unavailable') return void response.writeHead(503).end();
  if (behaviour === 'forbidden') return void response.writeHead(403).end();
  if (behaviour === 'redirect') return void response.writeHead(307, { location: `/mirror${request.url}` }).end();
  const from = range === null ? 0 : Number(range[1]);
  const to = range === null || range[2] === '' ? content.length : Number(range[2]) + 1;
  let body = content.subarray(from, to);
  if (behaviour === 'corrupt') body = Buffer.from(body.map((byte) => byte ^ 1));
  if (behaviour === 'too-long') body = Buffer.concat([body, Buffer.from('more')]);
  const half = body.subarray(0, Math.floor(body.length / 2));
  const length = behaviour === 'truncate' ? half.length : body.length;
  response.writeHead(range === null ? 200 : 206, {
    etag: `"tag-${content.length}"`,
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
