import { spawn } from 'node:child_process';

export interface CommandOptions {
  readonly environment?: NodeJS.ProcessEnv;
  readonly folder?: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  /** Called with every line of standard output and standard error as it comes. */
  readonly onLine?: (line: string) => void;
}

export interface CommandResult {
  /** Exit code; 127 where the program does not exist, 124 where its time was up. */
  readonly code: number;
  readonly stdout: string;
  /** Standard output and standard error in the order they came. */
  readonly output: string;
}

/** Runs a program without a shell and without standard input. @throws the signal's reason when aborted. */
export function runCommand(
  program: string,
  programArguments: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  options.signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(program, programArguments, {
      env: options.environment ?? process.env,
      cwd: options.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let output = '';
    let pending = '';
    let timedOut = false;
    const take = (text: string) => {
      output += text;
      if (options.onLine === undefined) return;
      const lines = (pending + text).split(/[\r\n]+/);
      pending = lines.pop() ?? '';
      lines.forEach(options.onLine);
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      take(text);
    });
    child.stderr.setEncoding('utf8').on('data', take);

    const stop = () => child.kill('SIGTERM');
    const timer = options.timeoutMs === undefined ? undefined : setTimeout(expire, options.timeoutMs);
    function expire() {
      timedOut = true;
      stop();
    }
    options.signal?.addEventListener('abort', stop, { once: true });
    const finish = (code: number) => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', stop);
      if (options.signal?.aborted) reject(options.signal.reason as Error);
      else resolve({ code: timedOut ? 124 : code, stdout, output });
    };
    child.on('error', (error: NodeJS.ErrnoException) => {
      output += error.message;
      finish(error.code === 'ENOENT' ? 127 : 126);
    });
    child.on('close', (code) => finish(code ?? 1));
  });
}

/** What a failed program says went wrong: its first line about an error, else its last lines; for messages. */
export function failureSummary(output: string): string {
  const lines = output
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.find((line) => /\berror\b|Error:/i.test(line)) ?? lines.slice(-3).join(' | ');
}
