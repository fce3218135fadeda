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
    let stdout = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      output += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text) => (output += text));
    const forward = (signal) => child.kill(signal);
    for (const signal of signals) process.on(signal, forward);
    const finish = (code) => {
      for (const signal of signals) process.off(signal, forward);
      resolve({ code, output, stdout });
    };
    child.on('error', (error) => {
      output += `${error.message}\n`;
      finish(127);
    });
    child.on('close', (code, signal) => finish(code ?? 128 + (signalNumber[signal] ?? 0)));
  });
}

// A terminal sends these to the whole group; here the child decides how to end, and its exit code is passed on.
const signalNumber = { SIGINT: 2, SIGTERM: 15, SIGKILL: 9 };
const signals = ['SIGINT', 'SIGTERM'];
