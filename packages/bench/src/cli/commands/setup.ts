/** `leantune setup`: provides a native backend; without one everything still works on wasm. */
import { UsageError, nearestName } from '@leantune/core';
import { provisionTensorflow } from '@leantune/core/node';
import type { ProvisionProgress } from '@leantune/core/node';
import { provisionTorch } from '@leantune/torch';
import { messages } from '../../messages.js';
import type { CommandHandler, Terminal } from '../table.js';
import { formatDuration, formatMebibytes } from '../../units.js';

const plainLineSeconds = 5;

const signals = ['SIGINT', 'SIGTERM'] as const;

const backends = ['tensorflow', 'torch'] as const;

export const setup: CommandHandler<'setup'> = async ({ words, options, terminal }) => {
  const backend = backendNamed(words[0] ?? 'tensorflow');
  const abort = new AbortController();
  const interrupt = () => abort.abort();
  for (const signal of signals) process.once(signal, interrupt);
  try {
    const shared = {
      signal: abort.signal,
      force: options.force === true,
      // Asked for by name: not getting it is an error.
      demanded: words[0] !== undefined || process.env.LEANTUNE_BACKEND === backend,
      log: (line: string) => terminal.err(`${terminal.live ? '\r\x1b[2K' : ''}${line}\n`),
      onProgress: progressShower(terminal),
    };
    const result =
      backend === 'torch'
        ? await provisionTorch(shared)
        : await provisionTensorflow({ ...shared, official: options.official === true });
    if (options.json === true) terminal.out(`${JSON.stringify(result, null, 2)}\n`);
    return 0;
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
  }
};

function backendNamed(name: string): (typeof backends)[number] {
  const found = backends.find((backend) => backend === name);
  if (found !== undefined) return found;
  throw new UsageError(messages.cannotSetUp(name, backends, nearestName(name, backends)), {
    code: 'LEANTUNE_UNKNOWN_BACKEND',
  });
}

function progressShower(terminal: Terminal): (progress: ProvisionProgress) => void {
  let lastShown = 0;
  return ({ message, elapsedSeconds, doneBytes, totalBytes }) => {
    if (!terminal.live && elapsedSeconds - lastShown < plainLineSeconds && elapsedSeconds >= lastShown) return;
    lastShown = elapsedSeconds;
    const done = doneBytes === undefined ? '' : ` ${formatMebibytes(doneBytes)}`;
    const total = totalBytes === undefined ? '' : ` of ${formatMebibytes(totalBytes)}`;
    const text = `${message}${done}${total}${done === '' ? '' : ' MiB'} (${formatDuration(elapsedSeconds)})`;
    if (terminal.live) terminal.err(`\r\x1b[2K${text.slice(0, terminal.columns - 1)}`);
    else terminal.err(`${text}\n`);
  };
}
