import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EnvironmentError, UsageError, nearestName } from '@leantune/core';
import * as messages from '../messages.js';
import { findManifest, modelManifests } from '../weights/manifest.js';
import { readJson } from './readJson.js';
import { readShippedConfig, shippedConfigNames } from './shippedConfig.js';
import { isOffline } from './weights/attempts.js';
import { HttpError, describeFailure } from './weights/failure.js';
import { hubModelFolder } from './weights/hubCache.js';
import { hubClient } from './weights/hubClient.js';
import { fetchPatiently, retrying, type TransferOptions } from './weights/transfer.js';

/** A model's config.json without its weights. */
export interface FoundConfig {
  /** Name for tables: the folder's last part, else the name that was asked for. */
  readonly name: string;
  readonly config: unknown;
  /** For messages. */
  readonly file: string;
}

export interface FindConfigOptions extends TransferOptions {
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Finds a configuration by name or folder: a folder that holds a config.json (a path, or one below `LEANTUNE_MODELS`), a
 * shipped configuration, Python's hub cache, the hub itself (config.json alone, of the main branch).
 * @throws UsageError for a name that nothing has; EnvironmentError where the hub cannot be asked
 */
export async function findModelConfig(name: string, options: FindConfigOptions = {}): Promise<FoundConfig> {
  const environment = options.environment ?? process.env;
  const roots = environment['LEANTUNE_MODELS'] ? [environment['LEANTUNE_MODELS']] : [];
  const own = [resolve(name), ...roots.map((root) => resolve(root, name))]
    .map((folder) => join(folder, 'config.json'))
    .find((file) => existsSync(file));
  if (own !== undefined) {
    return { name: name.split(/[\\/]/).filter(Boolean).at(-1) ?? name, config: await readJson(own), file: own };
  }
  const id = findManifest(name)?.id ?? name;
  const shipped = readShippedConfig(id);
  if (shipped !== undefined) return { name, config: shipped.config, file: `${shipped.id}/config.json` };
  if (!/^[\w.-]+\/[\w.-]+$/.test(id)) throw unknown(name);
  const cached = await cachedConfig(id, environment);
  if (cached !== undefined) return { name, config: await readJson(cached), file: `${id}/config.json` };
  return { name, config: await hubConfig(id, environment, options), file: `${id}/config.json` };
}

function unknown(name: string): UsageError {
  const names = [...new Set([...shippedConfigNames(), ...modelManifests.flatMap(({ shortNames }) => shortNames)])];
  const nearest = nearestName(name, names);
  return new UsageError(messages.configUnknown(name, names), {
    code: 'LEANTUNE_UNKNOWN_MODEL',
    remedy: messages.remedyConfigUnknown(nearest),
  });
}

/** The config.json of the commit that Python last downloaded, where it is there. */
async function cachedConfig(id: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const model = hubModelFolder(environment, id);
  const main = await readFile(join(model, 'refs', 'main'), 'utf8').catch(() => '');
  const commits = await readdir(join(model, 'snapshots')).catch(() => []);
  return [main.trim(), ...commits]
    .filter(Boolean)
    .map((commit) => join(model, 'snapshots', commit, 'config.json'))
    .find((file) => existsSync(file));
}

async function hubConfig(id: string, environment: NodeJS.ProcessEnv, options: TransferOptions): Promise<unknown> {
  const fail = (reason: string, cause?: unknown) =>
    new EnvironmentError(messages.configNotFetched(id, reason), {
      code: 'LEANTUNE_CONFIG_ABSENT',
      remedy: messages.remedyConfigNotFetched(id),
      cause,
    });
  if (isOffline(environment)) throw fail(messages.offline());
  const hub = hubClient(environment, options);
  try {
    const url = hub.addressOf(id, 'main', 'config.json');
    const text = await retrying(
      async () => (await fetchPatiently(url, { headers: hub.headers }, options)).text(),
      options,
    );
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof HttpError && error.status === 404) throw unknown(id);
    throw fail(error instanceof SyntaxError ? error.message : describeFailure(error).reason, error);
  }
}
