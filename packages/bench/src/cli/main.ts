/** Entry point of the executable: words → command → exit code; errors → message and remedy on stderr. */
import { readFileSync } from 'node:fs';
import { createColors } from 'picocolors';
import { messages } from '../messages.js';
import { printError } from './printError.js';
import { runProgram } from './program.js';
import type { Terminal } from './table.js';

function makeTerminal(): Terminal {
  const colour = (stream: NodeJS.WriteStream) =>
    stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    outColour: colour(process.stdout),
    errColour: colour(process.stderr),
    live: process.stderr.isTTY === true,
    columns: process.stderr.columns ?? 100,
  };
}

function ownVersion(): string {
  const content: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof content === 'object' && content !== null && 'version' in content ? String(content.version) : 'unknown';
}

/** Prints the error for people; its stack only where it is asked for or nobody expected it. */
async function reportError(error: unknown, terminal: Terminal, debug: boolean): Promise<number> {
  const { LeantuneError } = await import('@leantune/core');
  if (error instanceof LeantuneError) {
    printError(error, terminal);
    if (debug) terminal.err(`\n${error.code}\n${error.stack ?? ''}\n`);
    return error.exitCode;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  terminal.err(`${createColors(terminal.errColour).red(messages.unexpectedError())}\n${stack}\n`);
  return 1;
}

const words = process.argv.slice(2);
const terminal = makeTerminal();
const debug = words.includes('--debug') || Boolean(process.env.LEANTUNE_DEBUG);
// A reader that closes the pipe (`| head`) has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
try {
  process.exitCode = await runProgram({
    terminal,
    version: ownVersion(),
    words: words.filter((word) => word !== '--debug'),
  });
} catch (error) {
  process.exitCode = await reportError(error, terminal, debug);
}
