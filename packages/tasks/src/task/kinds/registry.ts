import type { TaskRow } from '../../data/dataset.js';
import type { TaskDeclaration, TaskKindName } from '../declaration.js';
import { choiceKind } from './choice.js';
import type { TaskKind } from './kind.js';
import { instructionKind, languageKind } from './language.js';
import { spanKind } from './span.js';
import { textKind } from './text.js';

const kinds = {
  classification: textKind,
  regression: textKind,
  'multiple-choice': choiceKind,
  'language-modelling': languageKind,
  instruction: instructionKind,
  'question-answering': spanKind,
} satisfies Record<TaskKindName, unknown>;

/** A declaration's kind; its rows are those that its own loader gives. */
export function kindOf({ kind }: TaskDeclaration): TaskKind<TaskDeclaration, TaskRow> {
  return kinds[kind] as TaskKind<TaskDeclaration, TaskRow>;
}
