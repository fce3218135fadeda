import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CorruptFileError, EnvironmentError, LeantuneError, UsageError, nearestName } from '@leantune/core';
import * as messages from '../../messages.js';
import { knownNames } from '../../weights/manifest.js';
import { findShippedName } from '../../weights/shippedNames.js';
import { pickleRefused, picklesIn } from '../openWeights.js';
import { isOffline } from './attempts.js';
import type { CheckpointAttempt, ResolveOptions, ResolvedCheckpoint } from './attempts.js';
import { checkFolder, missingFiles } from './checkFolder.js';
import { HubRefusal, describeFailure } from './failure.js';
import { downloadRepository } from './hub.js';
import { findCachedSnapshot, hubModelFolder, readListing } from './hubCache.js';
import type { HubName } from './hubName.js';

/** What a whole checkpoint would need and the machine lacks; sizes where a listing of the hub's is remembered. */
interface Missing {
  readonly files: readonly { readonly name: string; readonly bytes?: number }[];
  /** The folder that holds the rest, where there is one. */
  readonly besideRest?: string;
}

const atLeast: Missing = {
  files: [{ name: 'config.json' }, { name: 'model.safetensors' }, { name: 'tokenizer.json' }],
};

/**
 * Finds a checkpoint that the hub has: in the cache that Python shares, whole as the hub listed it, else at the hub.
 * @throws UsageError where the hub has no such model; EnvironmentError with all attempts where it was not reached, or the
 * model is gated or holds only pickles; CorruptFileError where a damaged copy could not be replaced.
 */
export async function resolveHubName(
  name: HubName,
  environment: NodeJS.ProcessEnv,
  options: ResolveOptions,
  attempts: CheckpointAttempt[],
): Promise<ResolvedCheckpoint> {
  const cached = await lookInCache(name, environment, attempts);
  if ('found' in cached) return cached.found;
  const { problem, missing } = cached;
  if (isOffline(environment, options)) {
    attempts.push({ source: 'hub', outcome: messages.offline() });
    throw problem ?? unreachable(name, attempts, missing);
  }
  try {
    const { folder, commit, files } = await downloadRepository(name, environment, options);
    const checked = await checkFolder(folder, { files });
    attempts.push({ source: 'hub', outcome: messages.foundIn(folder) });
    return { ...checked, id: name.id, source: 'hub', revision: commit, attempts };
  } catch (error) {
    attempts.push({ source: 'hub', outcome: describeFailure(error).reason });
    if (error instanceof HubRefusal && error.kind === 'absent') throw noSuchModel(name, attempts);
    if (error instanceof LeantuneError) throw error;
    throw problem ?? unreachable(name, attempts, missing);
  }
}

type CacheOutcome =
  | { readonly found: ResolvedCheckpoint }
  | {
      /** What is wrong with the copy in the cache, where it is more than not being there. */
      readonly problem: LeantuneError | undefined;
      readonly missing: Missing;
    };

async function lookInCache(
  name: HubName,
  environment: NodeJS.ProcessEnv,
  attempts: CheckpointAttempt[],
): Promise<CacheOutcome> {
  const fail = (outcome: string, missing: Missing, problem?: LeantuneError): CacheOutcome => {
    attempts.push({ source: 'hub-cache', outcome });
    return { problem, missing };
  };
  const snapshot = await findCachedSnapshot(name, environment);
  if (snapshot === undefined) return fail(messages.notInFolder(hubModelFolder(environment, name.id)), atLeast);
  const { folder } = snapshot;
  const files = await readListing(environment, snapshot);
  const absent =
    files === undefined
      ? (await missingFiles(folder)).map((each) => ({ name: each }))
      : files.filter((file) => !existsSync(join(folder, file.name)));
  const missing: Missing = { files: absent, besideRest: folder };
  const pickles = absent.some((file) => file.name === 'model.safetensors') ? await picklesIn(folder) : [];
  if (pickles.length > 0) {
    const problem = pickleRefused(folder, pickles);
    return fail(problem.message, missing, problem);
  }
  if (absent.length > 0)
    return fail(
      messages.incompleteIn(
        folder,
        absent.map((file) => file.name),
      ),
      missing,
    );
  try {
    const checked = await checkFolder(folder, files === undefined ? undefined : { files });
    attempts.push({ source: 'hub-cache', outcome: messages.foundIn(folder) });
    return { found: { ...checked, id: name.id, source: 'hub-cache', revision: snapshot.commit, attempts } };
  } catch (error) {
    if (!(error instanceof CorruptFileError)) throw error;
    return fail(error.message, missing, error);
  }
}

function noSuchModel({ id }: HubName, attempts: readonly CheckpointAttempt[]): UsageError {
  return new UsageError(messages.checkpointNotFound(id, attempts), {
    code: 'LEANTUNE_UNKNOWN_CHECKPOINT',
    remedy: messages.remedyUnknownCheckpoint(likelyMeant(id)),
  });
}

/** A name of ours that is like it, for those who mistyped one. */
function likelyMeant(id: string): string | undefined {
  return findShippedName(id) === undefined ? nearestName(id, knownNames()) : undefined;
}

function unreachable(name: HubName, attempts: readonly CheckpointAttempt[], missing: Missing): LeantuneError {
  const message = messages.checkpointNotFound(name.id, attempts);
  const meant = likelyMeant(name.id);
  // Only the hub's first models have names without an owner: one that is like a name of ours is a slip.
  if (!name.id.includes('/') && meant !== undefined) {
    const remedy = messages.remedyUnknownCheckpoint(meant);
    return new UsageError(message, { code: 'LEANTUNE_UNKNOWN_CHECKPOINT', remedy });
  }
  return new EnvironmentError(message, {
    // Not the code of a known checkpoint's absence: nothing stands in for a model that is asked for by its own name.
    code: 'LEANTUNE_CHECKPOINT_UNREACHABLE',
    remedy: messages.remedyPlaceCheckpoint(name.id, missing.files, missing.besideRest),
  });
}
