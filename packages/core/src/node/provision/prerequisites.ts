import { mkdir, statfs } from 'node:fs/promises';
import { nodeMessages } from '../messages.js';
import { runCommand } from './command.js';

/** Something that set-up needs and does not find: what, and how to get it. */
export interface Problem {
  readonly reason: string;
  readonly remedy: string;
}

export interface Found {
  readonly program: string;
  /** First line of its `--version`. */
  readonly version: string;
}

export function isProblem(value: object): value is Problem {
  return 'reason' in value && 'remedy' in value;
}

/** `$CXX`, `g++` or `clang++`, the first that runs. */
export async function findCompiler(environment: NodeJS.ProcessEnv = process.env): Promise<Found | Problem> {
  for (const program of [environment.CXX, 'g++', 'clang++']) {
    if (!program) continue;
    const version = await versionOf(program, environment);
    if (version !== undefined) return { program, version };
  }
  return { reason: nodeMessages.noCompiler(), remedy: nodeMessages.noCompilerRemedy() };
}

/** `python3` (else `python`), if it is Python 3. */
export async function findPython(environment: NodeJS.ProcessEnv = process.env): Promise<Found | Problem> {
  for (const program of ['python3', 'python']) {
    const version = await versionOf(program, environment);
    if (version?.startsWith('Python 3.') === true) return { program, version };
  }
  return { reason: nodeMessages.noPython(), remedy: nodeMessages.noPythonRemedy() };
}

/** The problem where `python` cannot make a virtual environment with pip in it. */
export async function checkVenv(python: Found, environment: NodeJS.ProcessEnv): Promise<Problem | undefined> {
  const { code } = await runCommand(python.program, ['-c', 'import venv, ensurepip'], { environment });
  if (code === 0) return undefined;
  return { reason: nodeMessages.noVenv(python.version), remedy: nodeMessages.noVenvRemedy() };
}

/** The problem where the disk under `folder` has less than `neededBytes` free. Creates the folder. */
export async function checkSpace(folder: string, neededBytes: number): Promise<Problem | undefined> {
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes) return undefined;
  return { reason: nodeMessages.noSpace(freeBytes, neededBytes), remedy: nodeMessages.noSpaceRemedy() };
}

async function versionOf(program: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { code, output } = await runCommand(program, ['--version'], { environment, timeoutMs: 20_000 });
  return code === 0 ? output.split('\n')[0] : undefined;
}
