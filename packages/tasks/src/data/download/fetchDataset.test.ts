/** Downloads from a real server on this machine. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { CorruptFileError } from '@leantune/core';
import { zipSync } from 'fflate';
import { describe, expect, it, onTestFinished } from 'vitest';
import { dataFolder } from '../../testing/glueFolder.js';
import { getTask } from '../../task/registry.js';
import type { TaskDeclaration } from '../../task/declaration.js';
import type { Download } from './download.js';
import { fetchDataset } from './fetchDataset.js';

const text = (content: string) => new TextEncoder().encode(content);

/** Serves one file and answers its address. */
async function serve(content: Uint8Array): Promise<string> {
  const server = createServer((_, response) => response.end(content));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
}

const describeFile = (content: Uint8Array) => ({
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
});

const places = { 'RTE/train.tsv': 'train.tsv', 'RTE/dev.tsv': 'dev.tsv' };
const taskWith = (download: Download): TaskDeclaration => ({ ...getTask('rte'), downloads: [download] });
const archiveRemedy = expect.stringMatching(/fetch the published file in another way .*RTE$/) as string;
const cacheOf = () => dataFolder({});
const filesBelow = (cache: string) => readdirSync(cache, { recursive: true }).map(String).sort();

describe('fetchDataset', () => {
  it('unpacks what is wanted, once', async () => {
    const archive = zipSync({ 'RTE/train.tsv': text('a'), 'RTE/dev.tsv': text('b'), 'RTE/test.tsv': text('c') });
    const task = taskWith({ url: await serve(archive), ...describeFile(archive), places });
    const environment = { LEANTUNE_CACHE: cacheOf() };
    const { folder, files } = await fetchDataset(task, { environment });
    expect(files).toEqual(['train.tsv', 'dev.tsv']);
    expect(readFileSync(join(folder, 'train.tsv'), 'utf8')).toBe('a');
    expect(existsSync(join(folder, 'test.tsv'))).toBe(false);
    expect(readdirSync(join(environment.LEANTUNE_CACHE, 'data'))).toEqual(['glue']);
    expect((await fetchDataset(task, { environment, offline: true })).files).toEqual([]);
  });

  it('fetches again what has other content than was fetched, and says so', async () => {
    const archive = zipSync({ 'RTE/train.tsv': text('a'), 'RTE/dev.tsv': text('b') });
    const task = taskWith({ url: await serve(archive), ...describeFile(archive), places });
    const environment = { LEANTUNE_CACHE: cacheOf() };
    const { folder, replaced } = await fetchDataset(task, { environment });
    expect(replaced).toEqual([]);
    for (const damage of ['x', 'longer', '']) {
      writeFileSync(join(folder, 'dev.tsv'), damage);
      await expect(fetchDataset(task, { environment, offline: true })).rejects.toThrow(
        /not in .*RTE:\n {2}dev\.tsv \(there with other content than published\)$/,
      );
      expect(await fetchDataset(task, { environment })).toMatchObject({ replaced: ['dev.tsv'] });
      expect(readFileSync(join(folder, 'dev.tsv'), 'utf8')).toBe('b');
    }
  });

  it('knows a file by the manifest where nothing was noted, and takes one that nobody knows', async () => {
    const content = text('a');
    const url = await serve(zipSync({ 'RTE/train.tsv': content }));
    const environment = { LEANTUNE_CACHE: dataFolder({ 'data/glue/RTE/train.tsv': 'A' }) };
    const download: Download = { url, bytes: 0, sha256: '', places: { 'RTE/train.tsv': 'train.tsv' } };
    const task = taskWith(download);
    const fetched = async (files: TaskDeclaration['manifest']['files']) =>
      fetchDataset({ ...task, manifest: { ...task.manifest, files } }, { environment, offline: true });
    await expect(fetched([{ path: 'train.tsv', ...describeFile(content) }])).rejects.toThrow('other content');
    expect((await fetched([{ path: 'train.tsv', ...describeFile(text('A')) }])).files).toEqual([]);
    expect((await fetched([])).files).toEqual([]);
  });

  it('keeps nothing of a download with another checksum', async () => {
    const archive = zipSync({ 'RTE/train.tsv': text('a'), 'RTE/dev.tsv': text('b') });
    const task = taskWith({ url: await serve(archive), bytes: archive.length, sha256: '0'.repeat(64), places });
    const environment = { LEANTUNE_CACHE: cacheOf() };
    const failed = fetchDataset(task, { environment, retryDelaysMs: [] });
    const { sha256 } = describeFile(archive);
    await expect(failed).rejects.toBeInstanceOf(CorruptFileError);
    await expect(failed).rejects.toMatchObject({
      code: 'LEANTUNE_CHECKSUM',
      exitCode: 3,
      message: expect.stringMatching(
        new RegExp(`^${task.downloads![0]!.url}: .*${'0'.repeat(64)}.*${sha256}`),
      ) as string,
      remedy: expect.stringMatching(/fetch the published file in another way and place its files in .*RTE$/) as string,
    });
    expect(filesBelow(environment.LEANTUNE_CACHE)).toEqual(['data']);
  });

  it('tells more bytes than published from a server that cannot be reached', async () => {
    const content = text('longer than published');
    const environment = { LEANTUNE_CACHE: cacheOf() };
    const task = taskWith({ url: await serve(content), ...describeFile(content), bytes: 3, places });
    const options = { environment, retryDelaysMs: [] };
    await expect(fetchDataset(task, options)).rejects.toMatchObject({
      code: 'LEANTUNE_CHECKSUM',
      message: expect.stringContaining('expected 3 bytes') as string,
    });
    const nowhere = taskWith({ url: 'http://127.0.0.1:1/file', ...describeFile(content), places });
    await expect(fetchDataset(nowhere, options)).rejects.toMatchObject({
      code: 'LEANTUNE_DOWNLOAD',
      exitCode: 3,
      remedy: expect.stringContaining('try again later') as string,
    });
  });

  it.each(['../outside.tsv', 'RTE/../../outside.tsv', '/outside.tsv', 'RTE\\..\\..\\outside.tsv', 'C:/outside.tsv'])(
    'refuses an archive with %s whole',
    async (name) => {
      const archive = zipSync({ 'RTE/train.tsv': text('a'), 'RTE/dev.tsv': text('b'), [name]: text('x') });
      const task = taskWith({ url: await serve(archive), ...describeFile(archive), places });
      const environment = { LEANTUNE_CACHE: cacheOf() };
      await expect(fetchDataset(task, { environment })).rejects.toMatchObject({
        code: 'LEANTUNE_ARCHIVE',
        message: expect.stringContaining(`has a file named "${name}"`) as string,
        remedy: archiveRemedy,
      });
      expect(filesBelow(environment.LEANTUNE_CACHE)).toEqual(['data']);
    },
  );

  it('refuses an archive that lacks a file, and one that is none', async () => {
    const lacking = zipSync({ 'RTE/train.tsv': text('a') });
    const broken = text('PK\u0003\u0004 nothing');
    for (const [content, reason] of [
      [lacking, 'lacks RTE/dev.tsv'],
      [broken, 'cannot be unpacked'],
    ] as const) {
      const task = taskWith({ url: await serve(content), ...describeFile(content), places });
      await expect(fetchDataset(task, { environment: { LEANTUNE_CACHE: cacheOf() } })).rejects.toMatchObject({
        code: 'LEANTUNE_ARCHIVE',
        message: expect.stringContaining(reason) as string,
        remedy: archiveRemedy,
      });
    }
  });

  it('offline names every file and where it belongs, and touches no network', async () => {
    const cache = cacheOf();
    const task = taskWith({ url: 'http://192.0.2.1/RTE.zip', bytes: 1, sha256: '', places });
    for (const options of [
      { offline: true, environment: { LEANTUNE_CACHE: cache } },
      { environment: { LEANTUNE_CACHE: cache, HF_HUB_OFFLINE: 'TRUE' } },
    ]) {
      await expect(fetchDataset(task, options)).rejects.toMatchObject({
        message: `rte: offline, and these files are not in ${cache}/data/glue/RTE:\n  train.tsv\n  dev.tsv`,
        remedy: `fetch http://192.0.2.1/RTE.zip elsewhere and place the files in ${cache}/data/glue/RTE`,
      });
    }
  });

  it('says where a task without a public address has its page', async () => {
    await expect(fetchDataset(getTask('sciq'))).rejects.toThrow('its page is https://allenai.org/data/sciq');
    await expect(fetchDataset(getTask('sentences'))).rejects.toMatchObject({ exitCode: 2 });
  });
});
