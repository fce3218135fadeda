import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Root of the repository, with a closing slash. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Runs a program in the repository's root without standard input. `show` passes its output on as it comes, else it is
 * collected. Resolves to its exit code (128 + signal where a signal ended it) and the collected output.
 */
export function run(program, programArguments, { show = false, environment = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, programArguments, {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => (output += text));
    }
    const forward = () => child.kill('SIGTERM');
    process.on('SIGTERM', forward);
    process.on('SIGINT', wait);
    const finish = (code) => {
      process.off('SIGTERM', forward);
      process.off('SIGINT', wait);
      resolve({ code, output });
    };
    child.on('error', (error) => {
      output += `${error.message}\n`;
      finish(127);
    });
    child.on('close', (code, signal) => finish(code ?? 128 + (signalNumber[signal] ?? 0)));
  });
}

/** Ctrl-C reaches the child from the terminal itself: it decides how to end, and its exit code is passed on. */
function wait() {}

const signalNumber = { SIGINT: 2, SIGTERM: 15, SIGKILL: 9 };
