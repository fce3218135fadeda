/** The real executable in a folder of its own; needs the build that `npm test` makes first. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const inPackage = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export const scriptedExecutor = inPackage('testing/scriptedExecutor.mjs');

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A temporary working folder, removed when the test is over. */
export function workingFolder(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'leantune-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

export interface CliOptions {
  readonly cwd: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly onStart?: (child: ChildProcess) => void;
}

export async function runCli(words: readonly string[], options: CliOptions): Promise<CliResult> {
  if (!existsSync(inPackage('dist/cli/main.js'))) throw new Error('not built: run `npx tsc -b` first');
  const { NODE_OPTIONS: _nodeOptions, LEANTUNE_BACKEND: _backend, ...inherited } = process.env;
  const child = spawn(process.execPath, [inPackage('bin/leantune.js'), ...words], {
    cwd: options.cwd,
    env: { ...inherited, NO_COLOR: '1', ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  options.onStart?.(child);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, stdout, stderr };
}
