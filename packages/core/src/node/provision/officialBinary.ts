import { copyFile, rename } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { nodeMessages } from '../messages.js';
import { npmPackageFolder, officialAddonPath } from '../tensorflow/packages.js';
import { proveBinding } from './compileBinding.js';
import { failureSummary, runCommand } from './command.js';
import { isProblem } from './prerequisites.js';
import type { Problem } from './prerequisites.js';
import type { Reporter } from './report.js';

const packageName = '@tensorflow/tfjs-node';
const limitSeconds = 300;

/**
 * Runs the install script of `@tensorflow/tfjs-node`, which downloads the official binary into the package's folder.
 * It is the one thing that set-up writes into node_modules, and only when asked for.
 */
export async function runOfficialInstall(
  environment: NodeJS.ProcessEnv,
  reporter: Reporter,
): Promise<{ readonly reused: boolean; readonly tensorflowVersion: string } | Problem> {
  const remedy = nodeMessages.officialRemedy();
  const folder = npmPackageFolder(packageName);
  // The script rewrites its package.json; the package manager's store may share that file with other projects.
  const manifest = join(folder, 'package.json');
  await copyFile(manifest, `${manifest}.own`);
  await rename(`${manifest}.own`, manifest);

  const path = [join(folder, 'node_modules', '.bin'), environment.PATH ?? ''].join(delimiter);
  const result = await reporter.phase(
    'official',
    nodeMessages.installing(`the official binary of ${packageName}`),
    () =>
      runCommand(process.execPath, ['scripts/install.js'], {
        environment: { ...environment, PATH: path },
        folder,
        signal: reporter.signal,
        timeoutMs: limitSeconds * 1000,
      }),
  );
  if (result.code === 124) return { reason: nodeMessages.officialTimeout(packageName, limitSeconds), remedy };
  const addon = officialAddonPath(packageName);
  if (result.code !== 0 || !existsSync(addon)) {
    return { reason: nodeMessages.officialFailed(packageName, result.code, failureSummary(result.output)), remedy };
  }
  const proof = await proveBinding(addon, packageName, environment, reporter.signal);
  return isProblem(proof) ? proof : { reused: false, tensorflowVersion: proof.tensorflowVersion };
}
