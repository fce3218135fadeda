import { tmpdir } from 'node:os';
import { inspectTensorflow } from '../tensorflow/installation.js';
import type { TensorflowInstallation, UnusableTensorflow } from '../tensorflow/installation.js';
import { runCommand } from './command.js';
import { findPython, isProblem } from './prerequisites.js';

const locate =
  'import importlib.util as u; s = u.find_spec("tensorflow"); print((s.submodule_search_locations or [""])[0] if s else "")';

/** The TensorFlow that the user's `python3` would import; only looked up, never imported and never changed. */
export async function findUserTensorflow(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<TensorflowInstallation | UnusableTensorflow | undefined> {
  const python = await findPython(environment);
  if (isProblem(python)) return undefined;
  // Not in the current folder, where a folder named tensorflow would be taken for the package.
  const { code, stdout } = await runCommand(python.program, ['-c', locate], { environment, folder: tmpdir() });
  const folder = stdout.trim();
  return code === 0 && folder !== '' ? inspectTensorflow(folder, 'python3') : undefined;
}
