/** The first row of a task as a model would meet it, for people to look at. */
import type { ChoiceRow, InstructionRow, TaskRow } from '../data/dataset.js';
import { messages } from '../messages.js';
import type { TaskDeclaration } from './declaration.js';

/** The row, and for language models the prompt and what is to be learnt. */
export function exampleOf(declaration: TaskDeclaration, row: TaskRow): Readonly<Record<string, unknown>> {
  if (declaration.kind === 'multiple-choice') {
    const question = row as ChoiceRow;
    const { context, target, delimiter, description } = declaration.templates.harness;
    if (question.label < 0) return { row };
    return {
      row,
      prompt: (description?.(question) ?? '') + context(question, question.label),
      answer: delimiter + target(question, question.label),
    };
  }
  if (declaration.kind === 'instruction') {
    const instruction = row as InstructionRow;
    return { row, prompt: declaration.prompt(instruction), answer: instruction.output };
  }
  if ('image' in row) {
    const { height, width } = row.image;
    return { row: { image: messages.pixels(height, width), label: row.label } };
  }
  return { row };
}
