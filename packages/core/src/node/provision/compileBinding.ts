import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeMessages } from '../messages.js';
import { gateFile } from '../tensorflow/addon.js';
import { bindingArguments, bindingPackageVersion, gateArguments } from '../tensorflow/bindingRecipe.js';
import { addonFile, bindingFolder, manifestFile } from '../tensorflow/bindingStore.js';
import type { BindingManifest } from '../tensorflow/bindingStore.js';
import type { TensorflowInstallation } from '../tensorflow/installation.js';
import { kernelPackage } from '../tensorflow/packages.js';
import { applyRuntimeSettings } from '../tensorflow/runtimeSettings.js';
import { failureSummary, runCommand } from './command.js';
import { isProblem } from './prerequisites.js';
import type { Found, Problem } from './prerequisites.js';
import type { Reporter } from './report.js';

/** A product of two 512 × 512 matrices with entries in [-1, 1]: float32 sums of 512 terms stay well below this. */
const largestErrorAllowed = 1e-3;

export interface Proof {
  readonly tensorflowVersion: string;
  readonly gpu: boolean;
  readonly largestError: number;
}

/** Compiles the binding against `tensorflow`, proves it in a child process, then puts it in its place in the cache. */
export async function compileBinding(
  cache: string,
  tensorflow: TensorflowInstallation,
  compiler: Found,
  environment: NodeJS.ProcessEnv,
  reporter: Reporter,
): Promise<BindingManifest | Problem> {
  const target = bindingFolder(cache, tensorflow);
  const draft = `${target}.partial`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  try {
    const addon = join(draft, addonFile);
    const compiled = await reporter.phase('compile', nodeMessages.compiling(compiler.program), async () => {
      for (const steps of [gateArguments(join(draft, gateFile)), bindingArguments(tensorflow, addon)]) {
        const result = await runCommand(compiler.program, steps, { environment, signal: reporter.signal });
        if (result.code !== 0) return result;
      }
      return undefined;
    });
    if (compiled !== undefined) {
      return {
        reason: nodeMessages.compilerFailed(compiler.program, failureSummary(compiled.output)),
        remedy: nodeMessages.retryRemedy(),
      };
    }
    const proof = await reporter.phase('prove', nodeMessages.proving(), () =>
      proveBinding(addon, kernelPackage, environment, reporter.signal),
    );
    if (isProblem(proof)) return proof;

    const manifest: BindingManifest = {
      tensorflowVersion: tensorflow.version,
      tensorflowFolder: tensorflow.folder,
      origin: tensorflow.origin,
      tfjsVersion: bindingPackageVersion(),
      compiler: compiler.version,
      gpu: proof.gpu,
    };
    await writeFile(join(draft, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`);
    await rm(target, { recursive: true, force: true });
    await rename(draft, target);
    return manifest;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

const proofScript = fileURLToPath(new URL('../../../src/node/provision/proveBinding.mjs', import.meta.url));

/** Loads an addon in a process of its own and has it multiply two matrices. */
export async function proveBinding(
  addonPath: string,
  packageName: string,
  environment: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<Proof | Problem> {
  const settings = { ...environment };
  applyRuntimeSettings(settings);
  const result = await runCommand(process.execPath, [proofScript, addonPath, packageName], {
    environment: settings,
    signal,
    timeoutMs: 120_000,
  });
  if (result.code !== 0) {
    const detail = failureSummary(result.output) || `exit code ${result.code}`;
    return { reason: nodeMessages.proofFailed(detail), remedy: nodeMessages.retryRemedy() };
  }
  const proof = JSON.parse(result.stdout) as Proof;
  if (proof.largestError <= largestErrorAllowed) return proof;
  return {
    reason: nodeMessages.proofFailed(nodeMessages.proofWrong(proof.largestError)),
    remedy: nodeMessages.retryRemedy(),
  };
}
