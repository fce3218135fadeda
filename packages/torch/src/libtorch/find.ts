import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { runCommand } from '@leantune/core/node';
import { messages } from '../messages.js';
import { inspectLibtorch, isUsable, type LibtorchInstallation } from './installation.js';

const locate =
  'import importlib.util as u; s = u.find_spec("torch"); print((s.submodule_search_locations or [""])[0] if s else "")';

/** Where Debian's libtorch-dev puts its headers and libraries. */
const systemRoot = '/usr';

/**
 * The libtorch to compile against: the one that `LIBTORCH` names and no other where that is set; else that of
 * `LEANTUNE_PYTHON`, of `python3`, or of the system. Python is asked where its torch lies; torch is not imported.
 */
export async function findLibtorch(
  environment: NodeJS.ProcessEnv,
): Promise<LibtorchInstallation | { readonly reason: string; readonly remedy: string }> {
  const named = environment.LIBTORCH;
  if (named) {
    const found = inspectLibtorch(named, 'LIBTORCH');
    if (isUsable(found)) return found;
    return { reason: messages.namedLibtorch(found.reason), remedy: messages.namedLibtorchRemedy() };
  }
  const looked: string[] = [];
  const pythons = environment.LEANTUNE_PYTHON ? [environment.LEANTUNE_PYTHON] : ['python3', 'python'];
  for (const python of pythons) {
    // Not in the current folder, where a folder named torch would be taken for the package.
    const { code, stdout } = await runCommand(python, ['-c', locate], { environment, folder: tmpdir() });
    const folder = stdout.trim();
    const found = code === 0 && folder !== '' ? inspectLibtorch(folder, 'Python') : undefined;
    if (found !== undefined && isUsable(found)) return found;
    looked.push(found?.reason ?? messages.pythonWithoutTorch(python));
  }
  if (existsSync(`${systemRoot}/include/ATen`)) {
    const found = inspectLibtorch(systemRoot, 'system');
    if (isUsable(found)) return found;
    looked.push(found.reason);
  }
  return { reason: messages.noLibtorch(looked), remedy: messages.noLibtorchRemedy() };
}
