import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeMessages } from '../messages.js';
import { pinnedTensorflow, privateEnvironmentFolder, tensorflowCache } from '../tensorflow/bindingStore.js';
import { inspectTensorflow, isUsable } from '../tensorflow/installation.js';
import type { TensorflowInstallation } from '../tensorflow/installation.js';
import { failureSummary, runCommand } from './command.js';
import type { CommandResult } from './command.js';
import { checkSpace, checkVenv, findPython, isProblem } from './prerequisites.js';
import type { Problem } from './prerequisites.js';
import type { Reporter } from './report.js';

/** What is installed: only its libraries and headers are used, so its Python dependencies are left out. */
const requirement = `tensorflow-cpu==${pinnedTensorflow}`;

const markerFile = '.leantune-complete';
/** Unpacked wheel, its download and the environment itself. */
const neededBytes = 2e9;

/** The finished private environment; undefined where there is none or its set-up was interrupted. */
export function completePrivateEnvironment(cache: string): TensorflowInstallation | undefined {
  const folder = privateEnvironmentFolder(cache);
  if (!existsSync(join(folder, markerFile))) return undefined;
  const found = inspectTensorflow(folder, 'private environment');
  return isUsable(found) ? found : undefined;
}

/**
 * Makes (or completes) the private Python environment with the pinned wheel in it. Its marker is written last; the
 * wheel stays in the cache folder until then, so that an interrupted set-up does not load it again.
 */
export async function makePrivateEnvironment(
  cache: string,
  environment: NodeJS.ProcessEnv,
  reporter: Reporter,
): Promise<TensorflowInstallation | Problem> {
  const python = await findPython(environment);
  if (isProblem(python)) return python;
  const problem = (await checkVenv(python, environment)) ?? (await checkSpace(cache, neededBytes));
  if (problem !== undefined) return problem;

  const folder = privateEnvironmentFolder(cache);
  const clean = withoutPythonSettings(environment);
  if (existsSync(folder)) reporter.log(nodeMessages.resuming());
  if (!existsSync(join(folder, 'bin', 'pip'))) {
    const made = await reporter.phase('environment', nodeMessages.creatingEnvironment(), () =>
      runCommand(python.program, ['-m', 'venv', folder], { environment: clean, signal: reporter.signal }),
    );
    if (made.code !== 0) {
      return {
        reason: `${nodeMessages.noVenv(python.version)}: ${failureSummary(made.output)}`,
        remedy: nodeMessages.noVenvRemedy(),
      };
    }
  }
  const downloads = join(tensorflowCache(cache), 'downloads');
  const pip = pipOf(folder, downloads, clean, reporter);
  const wheel = finishedDownload(downloads) ?? (await download(downloads, pip, reporter));
  if (typeof wheel === 'object') return wheel;
  const failed = await install(folder, wheel, pip, reporter);
  if (failed !== undefined) return failed;

  const found = inspectTensorflow(folder, 'private environment');
  if (!isUsable(found)) return { reason: found.reason, remedy: nodeMessages.retryRemedy() };
  await writeFile(join(folder, markerFile), `${requirement}\n`);
  await rm(downloads, { recursive: true, force: true });
  return found;
}

type Pip = (pipArguments: readonly string[], onLine?: (line: string) => void) => Promise<CommandResult>;

/** The environment's own pip; what it writes on its way lies in `downloads`. */
function pipOf(folder: string, downloads: string, environment: NodeJS.ProcessEnv, reporter: Reporter): Pip {
  const temporary = temporaryFolder(downloads);
  return async (pipArguments, onLine) => {
    await rm(temporary, { recursive: true, force: true }); // left behind by an interrupted pip
    await mkdir(temporary, { recursive: true });
    return runCommand(join(folder, 'bin', 'python'), ['-m', 'pip', ...pipArguments], {
      environment: { ...environment, TMPDIR: temporary },
      signal: reporter.signal,
      ...(onLine ? { onLine } : {}),
    });
  };
}

/** Loads the wheel into `downloads`; it appears there under its name only when it is whole. */
async function download(downloads: string, pip: Pip, reporter: Reporter): Promise<string | Problem> {
  const incoming = join(temporaryFolder(downloads), 'incoming');
  const result = await reporter.phase('download', nodeMessages.downloading(requirement), async (progress) => {
    let totalBytes: number | undefined;
    const poll = setInterval(() => {
      void largestFile(temporaryFolder(downloads)).then((doneBytes) => progress({ doneBytes, totalBytes }));
    }, 1000);
    const attempt = (extra: readonly string[]) =>
      pip(
        ['download', ...pipFlags, '--no-cache-dir', '--retries', '3', ...extra, '--dest', incoming, requirement],
        (line) => (totalBytes = announcedBytes(line) ?? totalBytes),
      );
    try {
      const first = await attempt([]);
      // The libraries are the same for every Python, so that the wheel for another version serves as well.
      return isNoMatch(first) && !isNetworkFailure(first) ? await attempt(otherPython) : first;
    } finally {
      clearInterval(poll);
    }
  });
  const [name] = result.code === 0 ? await readdir(incoming) : [];
  if (name !== undefined) {
    await rename(join(incoming, name), join(downloads, name));
    return join(downloads, name);
  }
  if (isNetworkFailure(result)) {
    return { reason: nodeMessages.noNetwork(networkDetail(result.output)), remedy: nodeMessages.noNetworkRemedy() };
  }
  const detail = failureSummary(result.output);
  return isNoMatch(result)
    ? { reason: nodeMessages.noWheel(requirement, detail), remedy: nodeMessages.noWheelRemedy() }
    : { reason: nodeMessages.pipFailed(result.code, detail), remedy: nodeMessages.retryRemedy() };
}

async function install(folder: string, wheel: string, pip: Pip, reporter: Reporter): Promise<Problem | undefined> {
  const site = await sitePackages(folder);
  const result = await reporter.phase('install', nodeMessages.installing(requirement), async () => {
    // What an interrupted unpacking has left may look whole.
    await rm(join(site, 'tensorflow'), { recursive: true, force: true });
    const attempt = (extra: readonly string[]) =>
      pip(['install', ...pipFlags, '--no-compile', '--force-reinstall', ...extra, wheel]);
    const first = await attempt([]);
    return /not a supported wheel/.test(first.output) ? attempt([...otherPython, '--target', site]) : first;
  });
  if (result.code === 0) return undefined;
  return {
    reason: nodeMessages.pipFailed(result.code, failureSummary(result.output)),
    remedy: nodeMessages.retryRemedy(),
  };
}

const pipFlags = ['--no-input', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:'];
const otherPython = ['--python-version', '3.12'];

function temporaryFolder(downloads: string): string {
  return join(downloads, 'temporary');
}

/** The wheel that an interrupted set-up has loaded. */
function finishedDownload(downloads: string): string | undefined {
  const names = existsSync(downloads) ? readdirSync(downloads) : [];
  const name = names.find((candidate) => candidate.endsWith('.whl') && candidate.includes(`-${pinnedTensorflow}-`));
  return name === undefined ? undefined : join(downloads, name);
}

async function sitePackages(folder: string): Promise<string> {
  const [python = 'python3'] = (await readdir(join(folder, 'lib'))).filter((name) => name.startsWith('python3'));
  return join(folder, 'lib', python, 'site-packages');
}

function isNoMatch({ output }: CommandResult): boolean {
  return output.includes('No matching distribution');
}

/** The environment without what would make pip install elsewhere or Python import from elsewhere. */
function withoutPythonSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const meddling =
    /^(PIP_(TARGET|PREFIX|ROOT|USER|REQUIRE_VIRTUALENV|NO_CACHE_DIR|NO_BINARY)|PYTHON(HOME|PATH)|VIRTUAL_ENV)$/;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !meddling.test(name)));
}

export function isNetworkFailure({ output }: Pick<CommandResult, 'output'>): boolean {
  return /NewConnectionError|name resolution|ConnectTimeout|ReadTimeout|ProxyError|Network is unreachable|Connection (refused|reset|aborted)|SSLError/i.test(
    output,
  );
}

/** The cause in the middle of pip's account of its retries, e.g. `[Errno 111] Connection refused`. */
export function networkDetail(output: string): string {
  return (
    /\[Errno -?\d+\] [^')]+|[A-Za-z]+ timed out|certificate verify failed/.exec(output)?.[0] ?? failureSummary(output)
  );
}

/** Size that pip announces, from `Downloading tensorflow_cpu-….whl (230.5 MB)`; undefined for any other line. */
export function announcedBytes(line: string): number | undefined {
  const match = /^\s*Downloading \S+\.whl \(([\d.]+) (kB|MB|GB)\)/.exec(line);
  if (match === null) return undefined;
  return Number(match[1]) * { kB: 1e3, MB: 1e6, GB: 1e9 }[match[2] as 'kB' | 'MB' | 'GB'];
}

/** Bytes of the largest file below `folder`: the wheel that pip is loading. */
async function largestFile(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (entry) => (entry.isFile() ? entry.size : 0),
        () => 0, // gone meanwhile
      ),
    ),
  );
  return Math.max(0, ...sizes);
}
