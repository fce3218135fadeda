/** Texts that a row cannot do without. */
import { z } from 'zod';
import { messages } from '../messages.js';
import type { TaskRow } from './dataset.js';

export const isEmptyText = (text: string): boolean => text.trim() === '';

/** A field of a record that holds a text. */
export const filledText = z.string().refine((text) => !isEmptyText(text), { error: messages.emptyField() });

/** Whether a text that the row needs is empty; passages and inputs that may be left out do not count. */
export function hasEmptyText(row: TaskRow): boolean {
  return neededTexts(row).some(isEmptyText);
}

function neededTexts(row: TaskRow): readonly string[] {
  if ('text' in row) return row.pair === undefined ? [row.text] : [row.text, row.pair];
  if ('choices' in row) return [row.question, ...row.choices];
  if ('instruction' in row) return [row.instruction, row.output];
  if ('document' in row) return [row.document];
  return 'context' in row ? [row.context, row.question] : [];
}
