import { join } from 'node:path';
import { EnvironmentError } from '@leantune/core';
import {
  Reporter,
  cacheFolder,
  findCompiler,
  isProblem,
  withLock,
  type Problem,
  type ProvisionProgress,
} from '@leantune/core/node';
import { findLibtorch } from '../libtorch/find.js';
import { messages } from '../messages.js';
import { compileAddon } from './compile.js';
import { compiledAddon, earlierLibtorchs, torchCache } from './store.js';

export interface ProvisionTorchOptions {
  /** One line a finished step. */
  readonly log?: (line: string) => void;
  /** About once a second while a step is under way. */
  readonly onProgress?: (progress: ProvisionProgress) => void;
  readonly signal?: AbortSignal | undefined;
  /** Compile again what an earlier set-up compiled. */
  readonly force?: boolean;
  /** The backend was asked for by name: not getting it is an error. */
  readonly demanded?: boolean;
  readonly environment?: NodeJS.ProcessEnv;
}

export type ProvisionTorchResult =
  | { readonly status: 'ready'; readonly reused: boolean; readonly torchVersion: string; readonly seconds: number }
  | ({ readonly status: 'unavailable'; readonly seconds: number } & Problem);

type Ready = { readonly reused: boolean; readonly torchVersion: string };

/**
 * Makes the torch backend loadable: finds a libtorch and compiles the addon against it, unless that was done before.
 * Nothing is installed. A second set-up at the same time waits for the first.
 *
 * @throws EnvironmentError where it is `demanded` and cannot be had; the signal's reason when aborted.
 */
export async function provisionTorch(options: ProvisionTorchOptions = {}): Promise<ProvisionTorchResult> {
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  const environment = options.environment ?? process.env;
  const log = options.log ?? (() => undefined);
  const reporter = new Reporter(log, options.onProgress ?? (() => undefined), options.signal);

  const result = await provision(environment, reporter, options.force === true);
  if (!isProblem(result)) {
    if (!result.reused) log(messages.ready(result.torchVersion, seconds()));
    return { status: 'ready', ...result, seconds: seconds() };
  }
  if (options.demanded === true) {
    throw new EnvironmentError(result.reason, { code: 'LEANTUNE_SETUP_FAILED', remedy: result.remedy });
  }
  log(messages.notSetUp(result.reason, result.remedy));
  return { status: 'unavailable', ...result, seconds: seconds() };
}

async function provision(environment: NodeJS.ProcessEnv, reporter: Reporter, force: boolean): Promise<Ready | Problem> {
  if (process.platform !== 'linux') {
    return { reason: messages.platform(process.platform), remedy: messages.platformRemedy() };
  }
  const cache = cacheFolder(environment);
  const found = await findLibtorch(environment);
  // One that was found earlier may belong to a Python that is not named now.
  const isNamed = Boolean(environment.LIBTORCH || environment.LEANTUNE_PYTHON);
  const libtorch = isProblem(found) && !isNamed ? (earlierLibtorchs(cache)[0] ?? found) : found;
  if (isProblem(libtorch)) return libtorch;
  const { version: torchVersion, origin } = libtorch;
  const present = (): Ready | undefined => {
    if (force || compiledAddon(cache, libtorch) === undefined) return undefined;
    reporter.log(messages.reused(torchVersion, origin));
    return { reused: true, torchVersion };
  };
  const compile = async (): Promise<Ready | Problem> => {
    // Another process may have done the work while this one waited.
    const meanwhile = present();
    if (meanwhile !== undefined) return meanwhile;
    reporter.log(messages.using(torchVersion, origin));
    const compiler = await findCompiler(environment);
    if (isProblem(compiler)) return { reason: compiler.reason, remedy: messages.compilerRemedy() };
    const result = await compileAddon(cache, libtorch, compiler, environment, reporter);
    return isProblem(result) ? result : { reused: false, torchVersion };
  };
  return (
    present() ??
    withLock(join(torchCache(cache), 'setup.lock'), compile, {
      signal: reporter.signal,
      onWait: (holder) => reporter.log(messages.waiting(holder.pid, holder.host)),
    })
  );
}
