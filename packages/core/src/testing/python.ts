/** The Python that tests compare with: `LEANTUNE_PYTHON`, else `python3`. */
import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';

export const python = process.env.LEANTUNE_PYTHON || 'python3';

/** Libraries of Hugging Face ask nobody, and say what is wrong only. */
const pythonEnvironment = { ...process.env, HF_HUB_OFFLINE: '1', TRANSFORMERS_VERBOSITY: 'error' };

/** What Python prints for these arguments. */
export async function runPython(values: readonly string[], { timeoutMs = 170_000 } = {}): Promise<string> {
  const options = { env: pythonEnvironment, timeout: timeoutMs, maxBuffer: 2 ** 26 };
  const { stdout } = await promisify(execFile)(python, values, options);
  return stdout;
}

/** Why a test that needs these modules is skipped; undefined where Python has all of them. Nothing is imported. */
export function lackingInPython(...modules: string[]): string | undefined {
  const question = `import importlib.util as u, sys; print(*[m for m in sys.argv[1:] if u.find_spec(m) is None])`;
  const why = (lacking: string) => `skipped: ${python} has no ${lacking} (LEANTUNE_PYTHON names another one)`;
  try {
    const lacking = execFileSync(python, ['-c', question, ...modules], { encoding: 'utf8', stdio: 'pipe' }).trim();
    return lacking === '' ? undefined : why(lacking.split(' ').join(', '));
  } catch {
    return why(modules.join(', '));
  }
}
