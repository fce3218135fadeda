import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failureSummary, runCommand, type Found, type Problem, type Reporter } from '@leantune/core/node';
import type { LibtorchInstallation } from '../libtorch/installation.js';
import { messages } from '../messages.js';
import { headerArguments, linkArguments, objectArguments, sourceFiles } from './recipe.js';
import { addonFile, addonFolder, manifestFile, type AddonManifest } from './store.js';

/** Compilers at a time. */
const compilers = 2;

/** A product of two 256 × 256 matrices with entries in [-1, 1]: float32 sums of 256 terms stay well below this. */
const largestErrorAllowed = 1e-3;

const proofScript = fileURLToPath(new URL('../../native/prove.mjs', import.meta.url));

/** Compiles the addon against `libtorch`, proves it in a child process, then puts it in its place in the cache. */
export async function compileAddon(
  cache: string,
  libtorch: LibtorchInstallation,
  compiler: Found,
  environment: NodeJS.ProcessEnv,
  reporter: Reporter,
): Promise<AddonManifest | Problem> {
  const target = addonFolder(cache, libtorch);
  const draft = `${target}.partial`;
  const objects = `${target}.objects`;
  const remove = () => Promise.all([draft, objects].map((folder) => rm(folder, { recursive: true, force: true })));
  await remove();
  await Promise.all([draft, objects].map((folder) => mkdir(folder, { recursive: true })));
  try {
    const addon = join(draft, addonFile);
    const failure = await reporter.phase('compile', messages.compiling(compiler.program), () =>
      compileInto(objects, addon, libtorch, (steps) =>
        runCommand(compiler.program, steps, { environment, signal: reporter.signal }),
      ),
    );
    if (failure !== undefined) {
      return { reason: messages.compilerFailed(compiler.program, failure), remedy: messages.retryRemedy() };
    }
    const problem = await reporter.phase('prove', messages.proving(), () =>
      proveAddon(addon, environment, reporter.signal),
    );
    if (problem !== undefined) return problem;
    const manifest: AddonManifest = { libtorch, compiler: compiler.version };
    await writeFile(join(draft, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`);
    await rm(target, { recursive: true, force: true });
    await rename(draft, target);
    return manifest;
  } finally {
    await remove();
  }
}

type Run = (steps: readonly string[]) => Promise<{ readonly code: number; readonly output: string }>;

/** What went wrong, undefined where nothing did. */
async function compileInto(
  objects: string,
  addon: string,
  libtorch: LibtorchInstallation,
  run: Run,
): Promise<string | undefined> {
  const header = await run(headerArguments(libtorch, objects));
  if (header.code !== 0) return failureSummary(header.output);
  const waiting = sourceFiles();
  let failure: string | undefined;
  const work = async () => {
    for (let source = waiting.shift(); source !== undefined && failure === undefined; source = waiting.shift()) {
      const result = await run(objectArguments(libtorch, objects, source));
      if (result.code !== 0) failure ??= failureSummary(result.output);
    }
  };
  await Promise.all(Array.from({ length: compilers }, work));
  if (failure !== undefined) return failure;
  const linked = await run(linkArguments(libtorch, objects, addon));
  return linked.code === 0 ? undefined : failureSummary(linked.output);
}

/** Loads the addon in a process of its own, so that a crash is the end of that process only. */
async function proveAddon(
  addonPath: string,
  environment: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<Problem | undefined> {
  const { code, stdout, output } = await runCommand(process.execPath, [proofScript, addonPath], {
    environment,
    signal,
    timeoutMs: 120_000,
  });
  const remedy = messages.retryRemedy();
  if (code !== 0) {
    const detail = failureSummary(output) || `exit code ${code}`;
    return { reason: messages.proofFailed(detail), remedy };
  }
  const { largestError } = JSON.parse(stdout) as { largestError: number };
  if (largestError <= largestErrorAllowed) return undefined;
  return { reason: messages.proofFailed(messages.proofWrong(largestError)), remedy };
}
