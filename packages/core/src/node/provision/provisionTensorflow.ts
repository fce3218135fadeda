import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvironmentError } from '../../errors/errors.js';
import { cacheFolder } from '../cacheFolder.js';
import { nodeMessages } from '../messages.js';
import { findCompiledBinding, privateEnvironmentFolder, tensorflowCache } from '../tensorflow/bindingStore.js';
import { inspectTensorflow, isUsable } from '../tensorflow/installation.js';
import type { TensorflowInstallation } from '../tensorflow/installation.js';
import { officialAddonPath, officialPackages } from '../tensorflow/packages.js';
import { compileBinding, proveBinding } from './compileBinding.js';
import { withLock } from './lock.js';
import { runOfficialInstall } from './officialBinary.js';
import { findCompiler, isProblem } from './prerequisites.js';
import type { Problem } from './prerequisites.js';
import { completePrivateEnvironment, makePrivateEnvironment } from './privateEnvironment.js';
import { Reporter } from './report.js';
import type { ProvisionProgress } from './report.js';
import { findUserTensorflow } from './userTensorflow.js';

export interface ProvisionOptions {
  /** One line a finished step. */
  readonly log?: (line: string) => void;
  /** About once a second while a step is under way. */
  readonly onProgress?: (progress: ProvisionProgress) => void;
  readonly signal?: AbortSignal | undefined;
  /** Throw away what an earlier set-up made and start afresh. */
  readonly force?: boolean;
  /** Run the npm package's own install script, which downloads the official binary, instead of compiling. */
  readonly official?: boolean;
  /** The native backend was asked for by name: not getting it is an error. */
  readonly demanded?: boolean;
  readonly environment?: NodeJS.ProcessEnv;
}

export type ProvisionResult =
  | { readonly status: 'ready'; readonly reused: boolean; readonly tensorflowVersion: string; readonly seconds: number }
  | ({ readonly status: 'unavailable'; readonly seconds: number } & Problem);

type Ready = { readonly reused: boolean; readonly tensorflowVersion: string };

/**
 * Makes the native backend loadable: takes what is there, else compiles tfjs-node's binding against a TensorFlow that
 * is found, else against the pinned one in a private environment below the cache folder. May be interrupted and run
 * again at any point; a second set-up at the same time waits for the first.
 *
 * @throws EnvironmentError where it is `demanded` and cannot be had; the signal's reason when aborted.
 */
export async function provisionTensorflow(options: ProvisionOptions = {}): Promise<ProvisionResult> {
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  const environment = options.environment ?? process.env;
  const log = options.log ?? (() => undefined);
  const reporter = new Reporter(log, options.onProgress ?? (() => undefined), options.signal);

  const result = await provision(environment, reporter, options);
  if (!isProblem(result)) {
    if (!result.reused) log(nodeMessages.ready(result.tensorflowVersion, seconds()));
    return { status: 'ready', ...result, seconds: seconds() };
  }
  if (options.demanded === true) {
    throw new EnvironmentError(result.reason, { code: 'LEANTUNE_SETUP_FAILED', remedy: result.remedy });
  }
  log(nodeMessages.goesOn(result.reason, result.remedy));
  return { status: 'unavailable', ...result, seconds: seconds() };
}

async function provision(
  environment: NodeJS.ProcessEnv,
  reporter: Reporter,
  options: ProvisionOptions,
): Promise<Ready | Problem> {
  const cache = cacheFolder(environment);
  if (options.official === true) return runOfficialInstall(environment, reporter);
  const present = options.force === true ? undefined : await findPresent(cache, environment, reporter);
  if (present !== undefined) return present;
  if (process.platform !== 'linux') {
    return { reason: nodeMessages.platform(process.platform), remedy: nodeMessages.platformRemedy() };
  }
  return withLock(
    join(tensorflowCache(cache), 'setup.lock'),
    async () => {
      if (options.force === true) {
        await rm(privateEnvironmentFolder(cache), { recursive: true, force: true });
      } else {
        // Another process may have done the work while this one waited.
        const meanwhile = await findPresent(cache, environment, reporter);
        if (meanwhile !== undefined) return meanwhile;
      }
      return compileAgainstBest(cache, environment, reporter);
    },
    { signal: options.signal, onWait: (holder) => reporter.log(nodeMessages.waiting(holder.pid, holder.host)) },
  );
}

/** What an earlier set-up or the packages' own install script has left, if it is of use. */
async function findPresent(
  cache: string,
  environment: NodeJS.ProcessEnv,
  reporter: Reporter,
): Promise<Ready | undefined> {
  for (const name of environment.LEANTUNE_TENSORFLOW ? [] : officialPackages) {
    const path = officialAddonPath(name);
    if (!existsSync(path)) continue;
    const proof = await proveBinding(path, name, environment, reporter.signal);
    if (isProblem(proof)) {
      reporter.log(nodeMessages.addonBroken(`the official addon of ${name}`, proof.reason));
      continue;
    }
    reporter.log(nodeMessages.reused(`official addon of ${name}, TensorFlow ${proof.tensorflowVersion}`));
    return { reused: true, tensorflowVersion: proof.tensorflowVersion };
  }
  const found = findCompiledBinding(cache, environment);
  if ('reason' in found) return undefined;
  const { version, origin } = found.tensorflow;
  reporter.log(nodeMessages.reused(`binding for TensorFlow ${version}, ${origin}`));
  return { reused: true, tensorflowVersion: version };
}

/** Compiles against the TensorFlow that is named, private or the user's, in this order; else installs the private one. */
async function compileAgainstBest(
  cache: string,
  environment: NodeJS.ProcessEnv,
  reporter: Reporter,
): Promise<Ready | Problem> {
  const compiler = await findCompiler(environment);
  if (isProblem(compiler)) return compiler;
  const compile = async (tensorflow: TensorflowInstallation): Promise<Ready | Problem> => {
    const manifest = await compileBinding(cache, tensorflow, compiler, environment, reporter);
    return isProblem(manifest) ? manifest : { reused: false, tensorflowVersion: manifest.tensorflowVersion };
  };

  const named = environment.LEANTUNE_TENSORFLOW;
  if (named) {
    const found = inspectTensorflow(named, 'LEANTUNE_TENSORFLOW');
    if (isUsable(found)) return compile(found);
    return { reason: nodeMessages.namedTensorflow(found.reason), remedy: nodeMessages.namedTensorflowRemedy() };
  }
  const own = completePrivateEnvironment(cache);
  if (own !== undefined) return compile(own);

  const user = await findUserTensorflow(environment);
  if (user !== undefined) {
    const result = isUsable(user) ? await compile(user) : user;
    if (!('reason' in result)) {
      reporter.log(nodeMessages.using(result.tensorflowVersion, user.origin));
      return result;
    }
    reporter.log(nodeMessages.notUsing(user.origin, result.reason));
  }
  const made = await makePrivateEnvironment(cache, environment, reporter);
  return isProblem(made) ? made : compile(made);
}
