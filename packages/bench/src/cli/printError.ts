import { createColors } from 'picocolors';
import { messages } from '../messages.js';
import type { Terminal } from './table.js';

/** One of leantune's errors for people: what is wrong, and below it what would do. */
export function printError(
  { message, remedy }: { readonly message: string; readonly remedy?: string | undefined },
  terminal: Pick<Terminal, 'err' | 'errColour'>,
): void {
  terminal.err(`${createColors(terminal.errColour).red(messages.errorWord())} ${message}\n`);
  if (remedy !== undefined) terminal.err(`${remedy}\n`);
}
