import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeMessages } from '../messages.js';
import { pinnedTensorflow, privateEnvironmentFolder, tensorflowCache } from '../tensorflow/bindingStore.js';
import { inspectTensorflow, isUsable } from '../tensorflow/installation.js';
import type { TensorflowInstallation } from '../tensorflow/installation.js';
import { lastLines, runCommand } from './command.js';
import type { CommandResult } from './command.js';
import { checkSpace, checkVenv, findPython, isProblem } from './prerequisites.js';
import type { Problem } from './prerequisites.js';
import type { Reporter } from './report.js';

/** What is installed: only its libraries and headers are used, so its Python dependencies are left out. */
export const requirement = `tensorflow-cpu==${pinnedTensorflow}`;

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
 * Makes (or completes) the private Python environment with the pinned wheel in it. Its marker is written last; pip
 * keeps its downloads in the cache folder until then, so that an interrupted set-up does not load them again.
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
        reason: `${nodeMessages.noVenv(python.version)}: ${lastLines(made.output)}`,
        remedy: nodeMessages.noVenvRemedy(),
      };
    }
  }
  const installed = await install(folder, tensorflowCache(cache), clean, reporter);
  if (installed !== undefined) return installed;

  const found = inspectTensorflow(folder, 'private environment');
  if (!isUsable(found)) return { reason: found.reason, remedy: nodeMessages.retryRemedy() };
  await writeFile(join(folder, markerFile), `${requirement}\n`);
  await Promise.all(downloadFolders(tensorflowCache(cache)).map((name) => rm(name, { recursive: true, force: true })));
  return found;
}

async function install(
  folder: string,
  work: string,
  environment: NodeJS.ProcessEnv,
  reporter: Reporter,
): Promise<Problem | undefined> {
  const [downloads, temporary] = downloadFolders(work);
  // What an interrupted pip left behind in its temporary folder serves nobody.
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  const pip = (extra: readonly string[]) =>
    reporter.phase('install', nodeMessages.installing(requirement), async (progress) => {
      let totalBytes: number | undefined;
      const poll = setInterval(() => {
        void largestFile(temporary).then((doneBytes) => progress({ doneBytes, totalBytes }));
      }, 1000);
      try {
        return await runCommand(join(folder, 'bin', 'python'), [...pipInstall, ...extra, requirement], {
          environment: { ...environment, PIP_CACHE_DIR: downloads, TMPDIR: temporary },
          signal: reporter.signal,
          onLine: (line) => (totalBytes = announcedBytes(line) ?? totalBytes),
        });
      } finally {
        clearInterval(poll);
      }
    });

  let result = await pip([]);
  if (result.code !== 0 && !isNetworkFailure(result) && /No matching distribution/.test(result.output)) {
    // The libraries are the same for every Python, so the wheel of another version serves as well.
    const [site] = (await readdir(join(folder, 'lib'))).map((name) => join(folder, 'lib', name, 'site-packages'));
    if (site !== undefined) result = await pip(['--python-version', '3.12', '--target', site, '--upgrade']);
  }
  if (result.code === 0) return undefined;
  const detail = lastLines(result.output);
  if (isNetworkFailure(result)) {
    return { reason: nodeMessages.noNetwork(detail), remedy: nodeMessages.noNetworkRemedy() };
  }
  if (/No matching distribution/.test(result.output)) {
    return { reason: nodeMessages.noWheel(requirement, detail), remedy: nodeMessages.noWheelRemedy() };
  }
  return { reason: nodeMessages.pipFailed(result.code, detail), remedy: nodeMessages.retryRemedy() };
}

// --force-reinstall: an interrupted unpacking may have left files that only look complete.
const pipInstall = [
  ...['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', '--retries', '3'],
  ...['--no-deps', '--no-compile', '--only-binary', ':all:', '--force-reinstall'],
];

function downloadFolders(work: string): [downloads: string, temporary: string] {
  return [join(work, 'downloads'), join(work, 'temporary')];
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
