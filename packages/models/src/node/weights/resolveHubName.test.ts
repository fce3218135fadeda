import { execFile, execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CorruptFileError, EnvironmentError, UsageError } from '@leantune/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lackingInPython, python } from '../../../../core/src/testing/python.js';
import { encodeSafetensors } from '../../safetensors/writer.js';
import { errorOf } from '../../testing/errors.js';
import { blobNameOf, deadAddress, startHubServer } from '../../testing/hubServer.js';
import type { HubServer, ServedModel } from '../../testing/hubServer.js';
import { tinyFiles } from '../../testing/tinyCheckpoint.js';
import { openWeights } from '../openWeights.js';
import { resolveCheckpoint } from './resolveCheckpoint.js';
import type { ResolveOptions } from './resolveCheckpoint.js';

const commit = 'c'.repeat(40);
const id = 'Some-One/tiny.Model';
const shard = (value: number) => ({ dtype: 'float32', shape: [3], data: new Float32Array(3).fill(value) }) as const;
const index = (map: object) => Buffer.from(JSON.stringify({ metadata: { total_size: 24 }, weight_map: map }));

/** Files that no checkpoint of ours needs, and those that it does. */
const files: Readonly<Record<string, Buffer>> = {
  ...tinyFiles,
  'README.md': Buffer.from('# model'),
  'onnx/model.onnx': Buffer.from('onnx'),
  'pytorch_model.bin': Buffer.from('pickle'),
  'tokenizer_config.json': Buffer.from('{}'),
  'vocab.txt': Buffer.from('[PAD]'),
};
const needed = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];

let folder: string;
let server: HubServer | undefined;
let environment: NodeJS.ProcessEnv;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'leantune-any-hub-'));
  environment = { HF_HUB_CACHE: join(folder, 'hub'), LEANTUNE_CACHE: join(folder, 'own') };
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function serve(model: Partial<ServedModel> = {}): Promise<HubServer> {
  await server?.close();
  server = await startHubServer({ id, commit, files, ...model });
  environment['HF_ENDPOINT'] = server.url;
  return server;
}

const resolve = (name: string, options: ResolveOptions = {}) =>
  resolveCheckpoint(name, { environment, retryDelaysMs: [5], ...options });
const modelFolder = (name = id) => join(folder, 'hub', `models--${name.replaceAll('/', '--')}`);
const snapshot = (name = id) => join(modelFolder(name), 'snapshots', commit);

describe('any model of the hub', () => {
  it("is resolved to a commit once and downloaded into Python's layout: what a checkpoint needs and no more", async () => {
    const { questions, requests } = await serve();
    const found = await resolve(id);
    expect(found).toMatchObject({ id, source: 'hub', folder: snapshot(), revision: commit });
    expect(readdirSync(snapshot()).sort()).toEqual(needed);
    expect(readFileSync(join(modelFolder(), 'refs/main'), 'utf8')).toBe(commit);
    for (const name of needed) {
      const content = files[name]!;
      expect(readFileSync(join(snapshot(), name))).toEqual(content);
      expect(readlinkSync(join(snapshot(), name))).toBe(join('../../blobs', blobNameOf(name, content)));
    }
    // The list comes in pages.
    expect(questions[0]).toBe(`/api/models/${id}/revision/main`);
    expect(new Set(questions.slice(1))).toEqual(new Set([`/api/models/${id}/tree/${commit}`]));
    const [asked, fetched] = [questions.length, requests.length];
    expect(fetched).toBe(needed.length);
    expect(await resolve(id)).toMatchObject({ source: 'hub-cache', revision: commit, sha256: found.sha256 });
    expect([questions.length, requests.length]).toEqual([asked, fetched]);
  });

  it('takes a revision after @: a branch, whose commit is remembered, or a commit, which is asked for no more', async () => {
    const { questions } = await serve();
    expect(await resolve(`${id}@refs/pr/1`)).toMatchObject({ id, revision: commit });
    expect(readFileSync(join(modelFolder(), 'refs/refs/pr/1'), 'utf8')).toBe(commit);
    rmSync(modelFolder(), { recursive: true });
    questions.length = 0;
    expect(await resolve(`${id}@${commit}`)).toMatchObject({ id, revision: commit });
    expect(questions.some((question) => question.includes('/revision/'))).toBe(false);
    expect(existsSync(join(modelFolder(), 'refs'))).toBe(false);
    const error = await errorOf(() => resolve(`${id}@v9`));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toContain(`hub: the hub has ${id}, but no revision v9 of it`);
  });

  it('takes the short name of a shipped configuration for its model', async () => {
    await serve({ id: 'FacebookAI/roberta-large' });
    expect(await resolve('roberta-large')).toMatchObject({ id: 'FacebookAI/roberta-large', source: 'hub' });
    // Python keeps the same model under the old name where it was asked for by that.
    mkdirSync(join(modelFolder('gpt2'), 'snapshots'), { recursive: true });
    mkdirSync(join(modelFolder('gpt2'), 'refs'));
    execFileSync('cp', ['-r', snapshot('FacebookAI/roberta-large'), snapshot('gpt2')]);
    execFileSync('cp', ['-r', join(modelFolder('FacebookAI/roberta-large'), 'blobs'), modelFolder('gpt2')]);
    writeFileSync(join(modelFolder('gpt2'), 'refs/main'), commit);
    expect(await resolve('GPT2', { offline: true })).toMatchObject({
      id: 'openai-community/gpt2',
      source: 'hub-cache',
    });
  });

  it('fetches shards through their index, and refuses an index that names one that is not there', async () => {
    const shards = {
      'config.json': files['config.json']!,
      'model-00001-of-00002.safetensors': Buffer.from(encodeSafetensors({ a: shard(1) })),
      'model-00002-of-00002.safetensors': Buffer.from(encodeSafetensors({ b: shard(2) })),
    };
    const map = { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' };
    await serve({ files: { ...shards, 'model.safetensors.index.json': index(map) } });
    const found = await resolve(id);
    const weights = await openWeights(found.files.weights);
    expect((await weights.read('b')).data).toEqual(new Float32Array(3).fill(2));
    await weights.close();
    // A lost shard makes the copy in the cache no checkpoint.
    rmSync(join(snapshot(), map.b));
    const lost = await errorOf(() => resolve(id, { offline: true }));
    expect(lost.message).toContain(`hub-cache: ${snapshot()} lacks ${map.b}`);
    expect(lost.remedy).toContain(`Put ${map.b} (${shards['model-00002-of-00002.safetensors'].length} bytes) into`);
    rmSync(modelFolder(), { recursive: true });
    await serve({ files: { ...shards, 'model.safetensors.index.json': index({ ...map, c: 'model-3.safetensors' }) } });
    const error = await errorOf(() => resolve(id));
    expect(error).toBeInstanceOf(CorruptFileError);
    expect(error.message).toContain('names the file model-3.safetensors, which is not there');
  });

  it('refuses a repository without safetensors, with the command that converts its pickles', async () => {
    const { 'model.safetensors': _, ...rest } = files;
    await serve({ files: rest });
    const error = await errorOf(() => resolve(id));
    expect(error).toBeInstanceOf(EnvironmentError);
    expect(error.message).toContain(`${id}: holds its weights only as PyTorch pickles (pytorch_model.bin)`);
    expect(error.remedy).toContain(`snapshot_download as get; print(get('${id}'))`);
    expect(existsSync(modelFolder())).toBe(false);
    await serve({ files: { 'README.md': files['README.md']! } });
    expect((await errorOf(() => resolve(id))).message).toContain(
      'expected a checkpoint at the hub, found no config.json',
    );
  });

  it('explains a refusal: absent, private, gated', async () => {
    await serve({ token: 'hf_good' });
    const gated = await errorOf(() => resolve(id));
    expect(gated).toBeInstanceOf(EnvironmentError);
    expect(gated.message).toContain(
      `${id} is gated and HF_TOKEN is not set: ask for access at https://huggingface.co/${id}, then set HF_TOKEN`,
    );
    environment['HF_TOKEN'] = 'hf_other';
    expect((await errorOf(() => resolve(id))).message).toContain('the account of HF_TOKEN has no access');
    environment['HF_TOKEN'] = 'hf_good';
    expect(await resolve(id)).toMatchObject({ source: 'hub' });
    expect(server!.authorizations).toContain('Bearer hf_good');
    const absent = await errorOf(() => resolve('some-one/else'));
    expect(absent).toBeInstanceOf(UsageError);
    expect(absent.message).toContain('hub: the hub has no some-one/else at revision main');
    delete environment['HF_TOKEN'];
    const hidden = await errorOf(() => resolve('roberta-lrge'));
    expect(hidden.message).toContain('hub: the hub has no roberta-lrge, or it is private: set HF_TOKEN to a token');
    expect(hidden.remedy).toContain('Did you mean "roberta-large"?');
  });

  it('asks again where the hub is busy, and checks small files by the hash that Git gives them', async () => {
    const { plan, requests } = await serve();
    plan.set('api', ['unavailable']);
    plan.set('config.json', ['corrupt']);
    plan.set('tokenizer.json', ['drop']);
    await resolve(id);
    expect(requests.filter((request) => request.startsWith('config.json'))).toEqual([
      'config.json whole',
      'config.json whole',
    ]);
    rmSync(modelFolder(), { recursive: true });
    plan.set('config.json', ['corrupt', 'corrupt']);
    const error = await errorOf(() => resolve(id));
    expect(error.message).toMatch(/hub: config\.json: expected Git's SHA-1 \w{40}, found \w{40}/);
  });

  it('does not take a download that broke off for a checkpoint, says what lacks, and goes on from there', async () => {
    const { plan, requests } = await serve();
    plan.set('model.safetensors', ['drop', 'drop']);
    const broken = await errorOf(() => resolve(id));
    expect(broken).toBeInstanceOf(EnvironmentError);
    requests.length = 0;
    const bytes = files['model.safetensors']!.length;
    const offline = await errorOf(() => resolve(id, { offline: true }));
    expect(requests).toEqual([]);
    expect(offline.message.split('\n')).toEqual([
      `${id}: no source had it.`,
      '  folder: LEANTUNE_MODELS is not set',
      `  hub-cache: ${snapshot()} lacks model.safetensors`,
      '  hub: not tried: offline',
    ]);
    expect(offline.remedy).toBe(`Put model.safetensors (${bytes} bytes) into ${snapshot()}, where the rest is.`);
    // The remedy does what it says.
    writeFileSync(join(snapshot(), 'model.safetensors'), files['model.safetensors']!);
    expect(await resolve(id, { offline: true })).toMatchObject({ source: 'hub-cache', revision: commit });
    rmSync(join(snapshot(), 'model.safetensors'));
    expect(await resolve(id)).toMatchObject({ source: 'hub' });
    expect(requests).toEqual([expect.stringMatching(/^model\.safetensors bytes=[1-9]\d*-$/)]);
  });

  it('replaces a damaged copy in the cache, or names it where it cannot', async () => {
    await serve();
    await resolve(id);
    const blob = join(modelFolder(), 'blobs', blobNameOf('model.safetensors', files['model.safetensors']!));
    const damaged = Buffer.from(files['model.safetensors']!);
    damaged[damaged.length - 1]! ^= 1;
    writeFileSync(blob, damaged);
    const error = await errorOf(() => resolve(id, { offline: true }));
    expect(error).toBeInstanceOf(CorruptFileError);
    expect(error.message).toContain(`${join(snapshot(), 'model.safetensors')}: expected SHA-256`);
    expect(await resolve(id)).toMatchObject({ source: 'hub' });
    expect(readFileSync(blob)).toEqual(files['model.safetensors']);
  });

  it('lets one of several fetch while the others wait', async () => {
    const { requests } = await serve();
    const found = await Promise.all([resolve(id), resolve(id), resolve(id)]);
    expect(found.map((each) => each.folder)).toEqual([snapshot(), snapshot(), snapshot()]);
    expect(requests.length).toBe(needed.length);
    expect(readdirSync(join(folder, 'hub/.locks', `models--${id.replace('/', '--')}`))).toEqual([]);
  });

  it('offline, names what any checkpoint needs where nothing is known, and a pickle that Python left', async () => {
    environment['HF_ENDPOINT'] = await deadAddress();
    environment['HF_HUB_OFFLINE'] = '1';
    expect((await errorOf(() => resolve(id))).remedy).toBe(
      `Put config.json, model.safetensors, tokenizer.json into FOLDER/${id} and set LEANTUNE_MODELS=FOLDER.`,
    );
    mkdirSync(snapshot(), { recursive: true });
    writeFileSync(join(snapshot(), 'config.json'), '{}');
    writeFileSync(join(snapshot(), 'pytorch_model.bin'), 'PK');
    const error = await errorOf(() => resolve(id));
    expect(error.message).toContain('pytorch_model.bin: is a PyTorch pickle');
    expect(error.remedy).toContain('Convert it once with Python');
  });

  it.each(['../up', '/absolute/path', 'a/b/c', 'a\\b', 'name@', 'owner/name@a..b', ''])(
    'does not take %j for a name at the hub',
    async (name) => {
      const { questions } = await serve();
      expect(await errorOf(() => resolve(name || '.x'))).toBeInstanceOf(UsageError);
      expect(questions).toEqual([]);
    },
  );
});

const lacking = lackingInPython('huggingface_hub');

describe.skipIf(lacking !== undefined)(
  `Python's huggingface_hub${lacking === undefined ? '' : ` [${lacking}]`}`,
  () => {
    const inPython = async (script: string) => {
      const env = { ...process.env, ...environment, HF_HUB_DISABLE_XET: '1' };
      return (await promisify(execFile)(python, ['-c', script], { env })).stdout.trim();
    };

    it('finds what was downloaded here, and its downloads are found here', async () => {
      const { requests } = await serve();
      await resolve(id);
      const get = (name: string, more: string) =>
        `from huggingface_hub import hf_hub_download as get; print(get('${id}', '${name}'${more}))`;
      expect(await inPython(get('model.safetensors', ', local_files_only=True'))).toBe(
        join(snapshot(), 'model.safetensors'),
      );
      const [blobs, links] = [readdirSync(join(modelFolder(), 'blobs')), readdirSync(snapshot())];
      rmSync(join(folder, 'hub'), { recursive: true });
      rmSync(join(folder, 'own'), { recursive: true });
      for (const name of needed) expect(await inPython(get(name, ''))).toBe(join(snapshot(), name));
      expect([readdirSync(join(modelFolder(), 'blobs')), readdirSync(snapshot())]).toEqual([blobs, links]);
      requests.length = 0;
      expect(await resolve(id, { offline: true })).toMatchObject({ source: 'hub-cache', revision: commit });
      expect(requests).toEqual([]);
    });
  },
);
