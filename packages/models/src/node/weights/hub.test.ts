import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blobNameOf, startHubServer } from '../../testing/hubServer.js';
import type { Behaviour, HubServer } from '../../testing/hubServer.js';
import { tinyFiles, tinyManifest } from '../../testing/tinyCheckpoint.js';
import { describeFailure } from './failure.js';
import { downloadFromHub } from './hub.js';
import type { DownloadProgress } from './transfer.js';

const weights = 'model.safetensors';
const bytes = tinyFiles[weights]!.length;
let folder: string;
let server: HubServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leantune-hub-'));
  server = await startHubServer({ id: tinyManifest.id, commit: tinyManifest.revision, files: tinyFiles });
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const environment = () => ({ HF_ENDPOINT: `${server.url}/`, HF_HUB_CACHE: folder, HF_TOKEN: 'hf_secret' });
const blobs = () => join(folder, 'models--tiny--bert', 'blobs');
const blob = () => join(blobs(), blobNameOf(weights, tinyFiles[weights]!));

function download(...behaviours: Behaviour[]): Promise<string> {
  server.plan.set(weights, behaviours);
  return downloadFromHub(tinyManifest, environment(), { retryDelaysMs: [5, 5], stallTimeoutMs: 200 });
}

const weightRequests = () =>
  server.requests.filter((request) => request.startsWith(weights)).map((each) => each.split(' ')[1]);

async function expectWhole(behaviours: Behaviour[]): Promise<void> {
  const snapshot = await download(...behaviours);
  for (const [name, content] of Object.entries(tinyFiles)) expect(readFileSync(join(snapshot, name))).toEqual(content);
  expect(readdirSync(blobs()).filter((name) => name.endsWith('.incomplete'))).toEqual([]);
}

describe('a download from the hub', () => {
  it("lands in the layout of Python's cache, with the token sent and every byte reported", async () => {
    const progress: DownloadProgress[] = [];
    const snapshot = await downloadFromHub(tinyManifest, environment(), { onProgress: (each) => progress.push(each) });
    expect(snapshot).toBe(join(folder, 'models--tiny--bert/snapshots', tinyManifest.revision));
    expect(lstatSync(join(snapshot, weights)).isSymbolicLink()).toBe(true);
    expect(readFileSync(blob())).toEqual(tinyFiles[weights]);
    expect(server.authorizations).toEqual(new Set(['Bearer hf_secret']));
    expect(progress.at(-1)).toEqual({ file: weights, receivedBytes: bytes, totalBytes: bytes });
  });

  it('goes on where a dropped connection ended', async () => {
    await expectWhole(['drop', 'drop']);
    expect(weightRequests()).toEqual([
      'whole',
      `bytes=${Math.floor(bytes / 2)}-`,
      expect.stringMatching(/^bytes=\d+-$/),
    ]);
  });

  it('goes on after a short answer, an unavailable server and a stall', async () => {
    server.plan.set('api', ['unavailable', 'drop']);
    await expectWhole(['truncate', 'unavailable']);
    rmSync(join(folder, 'models--tiny--bert'), { recursive: true });
    await expectWhole(['stall']);
  });

  it('follows redirects, and starts again where a server ignores ranges', async () => {
    await expectWhole(['redirect']);
    rmSync(join(folder, 'models--tiny--bert'), { recursive: true });
    await expectWhole(['drop', 'ignore-range']);
  });

  it('fetches a corrupt file once more, then refuses it and keeps nothing', async () => {
    await expectWhole(['corrupt']);
    rmSync(join(folder, 'models--tiny--bert'), { recursive: true });
    await expect(download('corrupt', 'corrupt')).rejects.toThrow(
      /^model\.safetensors: expected SHA-256 \w{64}, found \w{64}$/,
    );
    expect(existsSync(blob())).toBe(false);
    expect(existsSync(`${blob()}.incomplete`)).toBe(false);
    await expect(download('too-long')).rejects.toThrow();
    expect(existsSync(blob())).toBe(false);
  });

  it('keeps the piece of a broken transfer for the next run, under no final name', async () => {
    await expect(download('drop', 'drop', 'drop')).rejects.toThrow();
    expect(existsSync(blob())).toBe(false);
    expect(existsSync(`${blob()}.incomplete`)).toBe(true);
    server.requests.length = 0;
    await expectWhole([]);
    expect(weightRequests()).toEqual([expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
  });

  it('starts afresh when the piece it continued was a wrong one', async () => {
    mkdirSync(blobs(), { recursive: true });
    writeFileSync(`${blob()}.incomplete`, 'something else');
    await expectWhole([]);
    expect(weightRequests()).toEqual(['bytes=14-', 'whole']);
  });

  it('replaces a damaged blob and reuses a good one', async () => {
    await expectWhole([]);
    writeFileSync(blob(), Buffer.alloc(bytes));
    server.requests.length = 0;
    await expectWhole([]);
    expect(server.requests).toEqual([`${weights} whole`]);
  });

  it('does not try again what will not change', async () => {
    await expect(download('forbidden')).rejects.toThrow(
      'tiny/bert is gated and the account of HF_TOKEN has no access: ask for access at https://huggingface.co/tiny/bert',
    );
    expect(weightRequests()).toEqual(['whole']);
    const other = { ...tinyManifest, files: [{ name: 'absent.json', bytes: 3, sha256: '' }] };
    await expect(downloadFromHub(other, environment(), {})).rejects.toThrow(
      'absent.json: byte 0: expected a file of 3 bytes, found 0',
    );
  });

  it('fails at once where nobody listens, and within its patience where nobody answers', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const fails = async (endpoint: string) => {
      const start = performance.now();
      const options = { connectTimeoutMs: 300 };
      const error: unknown = await downloadFromHub(
        tinyManifest,
        { ...environment(), HF_ENDPOINT: endpoint },
        options,
      ).catch((reason: unknown) => reason);
      expect(performance.now() - start).toBeLessThan(2000);
      return describeFailure(error).reason;
    };
    expect(await fails(address)).toBe('no answer in time');
    silent.closeAllConnections();
    await new Promise((resolve) => silent.close(resolve));
    expect(await fails(address)).toBe('the network failed (ECONNREFUSED)');
  });
});
