import type { HeadOptions } from '@leantune/models';
import type { TaskRow } from '../../data/dataset.js';
import type { TaskDeclaration, TaskKindName } from '../declaration.js';
import { choiceKind } from './choice.js';
import { choiceByHeadKind } from './choiceByHead.js';
import { imageKind } from './image.js';
import type { ReadingOptions, TaskKind } from './kind.js';
import { instructionKind, languageKind } from './language.js';
import { spanKind } from './span.js';
import { textKind } from './text.js';

/** Ways in which a task may be learnt and scored, the preferred first: each with a head of its own. */
const kinds = {
  classification: [textKind],
  regression: [textKind],
  'multiple-choice': [choiceKind, choiceByHeadKind],
  'language-modelling': [languageKind],
  instruction: [instructionKind],
  'question-answering': [spanKind],
  'image-classification': [imageKind],
} satisfies Record<TaskKindName, readonly unknown[]>;

type AnyKind = TaskKind<TaskDeclaration, TaskRow, ReadingOptions>;

/** A declaration's kinds; their rows are those that its own loader gives, their reader is one for them. */
const kindsOf = ({ kind }: TaskDeclaration) => kinds[kind] as readonly unknown[] as readonly [AnyKind, ...AnyKind[]];

/** Heads with which a task may be learnt, the preferred first. */
export function headsOf(declaration: TaskDeclaration): readonly [HeadOptions, ...HeadOptions[]] {
  const [first, ...others] = kindsOf(declaration);
  return [first.head(declaration), ...others.map(({ head }) => head(declaration))];
}

/** How the task is learnt with a head; undefined where it is not. */
export function kindWith(declaration: TaskDeclaration, head: HeadOptions): AnyKind | undefined {
  const wanted = JSON.stringify(head);
  return kindsOf(declaration).find((kind) => JSON.stringify(kind.head(declaration)) === wanted);
}
