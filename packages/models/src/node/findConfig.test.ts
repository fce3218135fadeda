import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startHubServer } from '../testing/hubServer.js';
import { findModelConfig } from './findConfig.js';

const ownConfig = { model_type: 'bert', hidden_size: 32 };

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'leantune-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function write(folder: string, content: string = JSON.stringify(ownConfig)): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), content);
}

/** No cache, no hub. */
const nowhere = () => ({ HF_HUB_CACHE: temporaryFolder(), HF_HUB_OFFLINE: '1' });

it.each(['bert-large-uncased', 'google-bert/bert-large-uncased', 'BERT-large-uncased'])(
  'ships with the package: %s',
  async (name) => {
    const found = await findModelConfig(name, { environment: nowhere() });
    expect(found).toMatchObject({ name, config: { model_type: 'bert', num_hidden_layers: 24, hidden_size: 1024 } });
  },
);

it('knows the short names of checkpoints', async () => {
  const { config } = await findModelConfig('minilm-l6', { environment: nowhere() });
  expect(config).toMatchObject({ num_hidden_layers: 6, hidden_size: 384 });
});

it("takes the user's folder before everything else", async () => {
  const folder = join(temporaryFolder(), 'mine');
  write(folder);
  expect(await findModelConfig(folder)).toEqual({ name: 'mine', config: ownConfig, file: join(folder, 'config.json') });
  const models = temporaryFolder();
  write(join(models, 'bert-base-uncased'));
  const environment = { ...nowhere(), LEANTUNE_MODELS: models };
  expect((await findModelConfig('bert-base-uncased', { environment })).config).toEqual(ownConfig);
});

it("takes Python's cache before the hub", async () => {
  const environment = nowhere();
  const model = join(environment.HF_HUB_CACHE, 'models--some--model');
  write(join(model, 'snapshots', 'abc'), '{"model_type":"bert","hidden_size":1}');
  write(join(model, 'snapshots', 'def'));
  mkdirSync(join(model, 'refs'));
  writeFileSync(join(model, 'refs', 'main'), 'def\n');
  expect((await findModelConfig('some/model', { environment })).config).toEqual(ownConfig);
});

it('asks the hub for config.json alone, again after a failure that passes', async () => {
  const server = await startHubServer({
    id: 'some/model',
    commit: 'f'.repeat(40),
    files: { 'config.json': Buffer.from(JSON.stringify(ownConfig)) },
  });
  onTestFinished(() => server.close());
  server.plan.set('config.json', ['unavailable']);
  const environment = { HF_HUB_CACHE: temporaryFolder(), HF_ENDPOINT: server.url, HF_TOKEN: 'secret' };
  const found = await findModelConfig('some/model', { environment, retryDelaysMs: [1] });
  expect(found).toEqual({ name: 'some/model', config: ownConfig, file: 'some/model/config.json' });
  expect(server.requests).toEqual(['config.json whole', 'config.json whole']);
  expect([...server.authorizations]).toEqual(['Bearer secret']);
  await expect(findModelConfig('some/other', { environment, retryDelaysMs: [] })).rejects.toMatchObject({
    name: 'UsageError',
    code: 'LEANTUNE_UNKNOWN_MODEL',
  });
});

it('says what is wrong', async () => {
  const environment = nowhere();
  await expect(findModelConfig('bert-bas-uncased', { environment })).rejects.toMatchObject({
    name: 'UsageError',
    code: 'LEANTUNE_UNKNOWN_MODEL',
    remedy: expect.stringContaining('Did you mean "bert-base-uncased"?') as string,
  });
  await expect(findModelConfig('some/model', { environment })).rejects.toMatchObject({
    name: 'EnvironmentError',
    code: 'LEANTUNE_CONFIG_ABSENT',
    message: 'the configuration of some/model is not here, and the hub did not give it: not tried: offline',
  });
  const folder = temporaryFolder();
  write(folder, '{"model_type":');
  await expect(findModelConfig(folder)).rejects.toMatchObject({ name: 'CorruptFileError', code: 'LEANTUNE_NOT_JSON' });
});
