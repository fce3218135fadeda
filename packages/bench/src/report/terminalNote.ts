import { messages } from '../messages.js';
import { wrap } from './wrap.js';

/** Columns of the notes: about a table's own width. */
const notesWidth = 116;

/** A note below a table, wrapped, but for the command: it is there to be copied. */
export function terminalNote(note: string): string {
  return wrap(`  ${note}`, note.startsWith(messages.commandNote('')) ? Infinity : notesWidth, '    ');
}
