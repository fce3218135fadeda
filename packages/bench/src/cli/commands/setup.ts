/** `leantune setup`: provides the native backend; without it everything still works on wasm. */
import { provisionTensorflow } from '@leantune/core/node';
import type { ProvisionProgress } from '@leantune/core/node';
import type { CommandHandler, Terminal } from '../table.js';
import { formatDuration, formatMebibytes } from '../../units.js';

const plainLineSeconds = 5;

const signals = ['SIGINT', 'SIGTERM'] as const;

export const setup: CommandHandler<'setup'> = async ({ options, terminal }) => {
  const abort = new AbortController();
  const interrupt = () => abort.abort();
  for (const signal of signals) process.once(signal, interrupt);
  try {
    const demanded = process.env.LEANTUNE_BACKEND === 'tensorflow';
    const result = await provisionTensorflow({
      signal: abort.signal,
      force: options.force === true,
      official: options.official === true,
      demanded,
      log: (line) => terminal.err(`${terminal.live ? '\r\x1b[2K' : ''}${line}\n`),
      onProgress: progressShower(terminal),
    });
    if (options.json === true) terminal.out(`${JSON.stringify(result, null, 2)}\n`);
    return 0;
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
  }
};

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
