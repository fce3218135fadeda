import { existsSync } from 'node:fs';
import { nodeMessages } from '../messages.js';
import { proveBinding } from '../provision/compileBinding.js';
import { isProblem } from '../provision/prerequisites.js';
import { findUserTensorflow } from '../provision/userTensorflow.js';
import { compiledBinding, findCompiledBinding, privateEnvironmentFolder } from '../tensorflow/bindingStore.js';
import { inspectTensorflow, isUsable } from '../tensorflow/installation.js';
import type { TensorflowInstallation, UnusableTensorflow } from '../tensorflow/installation.js';
import { npmPackageVersion, officialAddonPath, officialPackages } from '../tensorflow/packages.js';
import type { NativeLibrary } from '../../backend/backend.js';

/** Every TensorFlow that could be used, in the order in which they are tried, and why each is taken or not. */
export async function tensorflowCandidates(cache: string, environment: NodeJS.ProcessEnv): Promise<NativeLibrary[]> {
  const named = environment.LEANTUNE_TENSORFLOW;
  const official = await officialAddons(environment, Boolean(named));
  const taken = official.find((candidate) => candidate.state === 'used');

  const compiled = findCompiledBinding(cache, environment);
  const usedFolder = taken === undefined && !('reason' in compiled) ? compiled.tensorflow.folder : undefined;
  const privateFolder = privateEnvironmentFolder(cache);
  const user = await findUserTensorflow(environment);
  const found = [
    ...(named ? [inspectTensorflow(named, 'LEANTUNE_TENSORFLOW')] : []),
    ...(existsSync(privateFolder) ? [inspectTensorflow(privateFolder, 'private environment')] : []),
    ...(user === undefined ? [] : [user]),
  ];
  const better = taken?.origin ?? (named ? 'LEANTUNE_TENSORFLOW' : undefined);
  return [...official, ...found.map((candidate) => judge(candidate, cache, usedFolder, better))];
}

function judge(
  candidate: TensorflowInstallation | UnusableTensorflow,
  cache: string,
  usedFolder: string | undefined,
  better: string | undefined,
): NativeLibrary {
  const { origin, folder } = candidate;
  if (!isUsable(candidate)) return { origin, folder, state: 'unusable', note: candidate.reason };
  const { version } = candidate;
  const manifest = compiledBinding(cache, candidate)?.manifest;
  if (manifest === undefined)
    return { origin, version, folder, state: 'not used', note: nodeMessages.notCompiledYet() };
  if (folder === usedFolder) {
    return { origin, version, folder, state: 'used', note: nodeMessages.compiledWith(manifest.compiler, manifest.gpu) };
  }
  return {
    origin,
    version,
    folder,
    state: 'not used',
    note: nodeMessages.anotherFirst(better ?? 'private environment'),
  };
}

async function officialAddons(environment: NodeJS.ProcessEnv, overruled: boolean): Promise<NativeLibrary[]> {
  const candidates: NativeLibrary[] = [];
  for (const origin of officialPackages) {
    const folder = officialAddonPath(origin);
    if (!existsSync(folder)) {
      candidates.push({ origin, state: 'not used', note: nodeMessages.noOfficialAddon() });
      continue;
    }
    const version = npmPackageVersion(origin);
    const proof = await proveBinding(folder, origin, environment);
    const first = candidates.find((candidate) => candidate.state === 'used');
    if (isProblem(proof)) candidates.push({ origin, version, folder, state: 'unusable', note: proof.reason });
    else if (overruled || first !== undefined) {
      const better = first?.origin ?? 'LEANTUNE_TENSORFLOW';
      candidates.push({ origin, version, folder, state: 'not used', note: nodeMessages.anotherFirst(better) });
    } else {
      const note = nodeMessages.officialAddon(proof.tensorflowVersion, proof.gpu, origin.endsWith('-gpu'));
      candidates.push({ origin, version, folder, state: 'used', note });
    }
  }
  return candidates;
}
