import { performance } from 'node:perf_hooks';
import { clearInterval, setInterval } from 'node:timers';

/** A step that failed: its output was printed, `exitCode` is what the script ends with. */
export class PhaseFailure extends Error {
  constructor(exitCode) {
    super(`exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/**
 * Runs one step and prints one line for it: its name and its seconds, or `already done` where `work` answers
 * `'already done'`, or another note that it answers. While it lasts, a line every 15 s says so, unless it is `talking`
 * and shows its progress itself.
 */
export async function phase(name, work, { talking = false } = {}) {
  const start = performance.now();
  const seconds = () => ((performance.now() - start) / 1000).toFixed(1);
  const timer = talking ? undefined : setInterval(() => console.log(`${name}: under way (${seconds()} s)`), 15_000);
  try {
    const note = await work();
    console.log(`${name}: ${note ? `${note}, ` : ''}${seconds()} s`);
  } catch (error) {
    console.log(`${name}: failed after ${seconds()} s`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** Fails the phase, with its output printed, where a program did not end with exit code 0. */
export function check({ code, output }) {
  if (code === 0) return;
  process.stdout.write(output.endsWith('\n') || output === '' ? output : `${output}\n`);
  throw new PhaseFailure(code);
}

/** Runs the script `main`; ends with its exit code, or with that of the phase that failed. */
export async function runScript(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof PhaseFailure)) throw error;
    process.exitCode = error.exitCode;
  }
}
