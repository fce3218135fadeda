import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { runCommand, type Problem } from '@leantune/core/node';
import { messages } from '../messages.js';
import { inspectLibtorch, isUsable, type LibtorchInstallation } from './installation.js';

const locate =
  'import importlib.util as u; s = u.find_spec("torch"); print((s.submodule_search_locations or [""])[0] if s else "")';

/** Where Debian's libtorch-dev puts its headers and libraries. */
const systemRoot = '/usr';

/** A place that was looked at: `LIBTORCH`, a Python or the system, and what is there. */
export interface LookedAt {
  readonly place: string;
  readonly found: LibtorchInstallation | { readonly reason: string };
}

/**
 * Where a libtorch may be, best first: the one that `LIBTORCH` names and no other where that is set; else that of
 * `LEANTUNE_PYTHON`, of `python3`, or of the system. Python is asked where its torch lies; torch is not imported.
 */
export async function* lookForLibtorch(environment: NodeJS.ProcessEnv): AsyncGenerator<LookedAt> {
  const named = environment.LIBTORCH;
  if (named) {
    yield { place: 'LIBTORCH', found: inspectLibtorch(named, 'LIBTORCH') };
    return;
  }
  const pythons = environment.LEANTUNE_PYTHON ? [environment.LEANTUNE_PYTHON] : ['python3', 'python'];
  for (const python of pythons) {
    // Not in the current folder, where a folder named torch would be taken for the package.
    const { code, stdout } = await runCommand(python, ['-c', locate], { environment, folder: tmpdir() });
    const folder = stdout.trim();
    const absent = { reason: messages.pythonWithoutTorch(python) };
    yield { place: python, found: code === 0 && folder !== '' ? inspectLibtorch(folder, 'Python') : absent };
  }
  if (existsSync(`${systemRoot}/include/ATen`)) {
    yield { place: systemRoot, found: inspectLibtorch(systemRoot, 'system') };
  }
}

/** The libtorch to compile against: the first usable one. */
export async function findLibtorch(environment: NodeJS.ProcessEnv): Promise<LibtorchInstallation | Problem> {
  const looked: string[] = [];
  for await (const { found } of lookForLibtorch(environment)) {
    if (isUsable(found)) return found;
    looked.push(found.reason);
  }
  return environment.LIBTORCH
    ? { reason: messages.namedLibtorch(looked.join()), remedy: messages.namedLibtorchRemedy() }
    : { reason: messages.noLibtorch(looked), remedy: messages.noLibtorchRemedy() };
}
