import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { nodeMessages } from '../messages.js';

/** Where a TensorFlow was found: named by the user, leantune's private environment, or the user's Python. */
export type TensorflowOrigin = 'LEANTUNE_TENSORFLOW' | 'private environment' | 'python3';

/** A TensorFlow Python package that a binding can be compiled against. */
export interface TensorflowInstallation {
  readonly origin: TensorflowOrigin;
  /** The `tensorflow` package folder: headers in `include`, libraries in the folder itself. */
  readonly folder: string;
  /** E.g. `2.21.0`, from the package's metadata. */
  readonly version: string;
}

export interface UnusableTensorflow {
  readonly origin: TensorflowOrigin;
  readonly folder: string;
  readonly reason: string;
}

export const tensorflowLibraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;

/** The TensorFlow in `place`: its package folder, the `site-packages` around it, or a virtual environment. */
export function inspectTensorflow(
  place: string,
  origin: TensorflowOrigin,
): TensorflowInstallation | UnusableTensorflow {
  const folder = packageFolder(place);
  if (folder === undefined) return { origin, folder: place, reason: nodeMessages.notTensorflow(place) };
  const missing = tensorflowLibraries.filter((library) => !existsSync(join(folder, library)));
  if (missing.length > 0) return { origin, folder, reason: nodeMessages.noLibraries(folder, missing) };
  const version = packageVersion(folder);
  if (version === undefined) return { origin, folder, reason: nodeMessages.noVersion(folder) };
  return { origin, folder, version };
}

export function isUsable(found: TensorflowInstallation | UnusableTensorflow): found is TensorflowInstallation {
  return 'version' in found;
}

function packageFolder(place: string): string | undefined {
  const sitePackages = entries(join(place, 'lib'))
    .filter((name) => /^python3\.\d+$/.test(name))
    .map((name) => join(place, 'lib', name, 'site-packages'));
  const candidates = [place, ...[place, ...sitePackages].map((folder) => join(folder, 'tensorflow'))];
  return candidates.find(
    (folder) => basename(folder) === 'tensorflow' && existsSync(join(folder, 'include', 'tensorflow', 'c', 'c_api.h')),
  );
}

/** From the metadata folder that pip leaves beside the package, e.g. `tensorflow_cpu-2.21.0.dist-info`. */
function packageVersion(folder: string): string | undefined {
  for (const name of entries(dirname(folder))) {
    const match = /^(?:tensorflow(?:_(?:cpu|gpu|intel|rocm|cpu_aws))?|tf_nightly(?:_cpu)?)-(.+)\.dist-info$/.exec(name);
    if (match?.[1] !== undefined) return match[1];
  }
  return undefined;
}

function entries(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
