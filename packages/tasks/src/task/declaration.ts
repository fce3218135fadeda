/** A task is a declaration: what the data is, how it is loaded and by which metrics it is scored. */
import { UsageError } from '@leantune/core';
import type { ShotSource } from '../choice/fewShot.js';
import type { ChoiceTemplate } from '../choice/template.js';
import type { ChoiceRow, DocumentRow, ImageRow, InstructionRow, SpanRow, TaskRow, TextRow } from '../data/dataset.js';
import type { Download } from '../data/download/download.js';
import type { DatasetLoader } from '../data/layout.js';
import type { DatasetManifest } from '../data/manifest.js';
import { messages } from '../messages.js';
import type { MetricKind, MetricName } from '../metrics/metric.js';
import { getMetric } from '../metrics/registry.js';

interface CommonDeclaration<Row extends TaskRow> {
  /** As it is spelled in sweeps: lower case. */
  readonly name: string;
  /** Other accepted spellings, lower case. */
  readonly aliases?: readonly string[];
  /** One line for lists and help. */
  readonly summary: string;
  readonly source: {
    readonly homepage: string;
    readonly licence: string;
    readonly citation: string;
    /** What a reader of results should know about the data. */
    readonly notes?: string;
  };
  readonly splits: {
    /** Absent where there is nothing to train on; of several the first one that is there. */
    readonly train?: string | readonly string[];
    /** Splits that scores are reported on, where they are there; the first is the default. */
    readonly report: readonly [string, ...string[]];
    /** The split that `select: best-dev` may look at. */
    readonly select: string;
    /** Where nothing is published to report on: a split made of a share of the training rows, the same in every run. */
    readonly heldOut?: { readonly split: string; readonly share: number };
  };
  /** The first is the primary one: tables and model selection use it. */
  readonly metrics: readonly [MetricName, ...MetricName[]];
  readonly manifest: DatasetManifest;
  readonly load: DatasetLoader<Row>;
  /** The publisher's own files, for `leantune data fetch`; absent where there is no such place. */
  readonly downloads?: readonly Download[];
}

interface TextDeclaration extends CommonDeclaration<TextRow> {
  /** Names of the one or two texts of a row, as the benchmark calls them. */
  readonly fields: readonly [string] | readonly [string, string];
}

export interface ClassificationDeclaration extends TextDeclaration {
  readonly kind: 'classification';
  /** Names of the class indices 0, 1, … */
  readonly labels: readonly string[];
}

/** One image a row, one class of several. */
export interface ImageDeclaration extends CommonDeclaration<ImageRow> {
  readonly kind: 'image-classification';
  /** Names of the class indices 0, 1, … */
  readonly labels: readonly string[];
}

export interface RegressionDeclaration extends TextDeclaration {
  readonly kind: 'regression';
  readonly target: { readonly minimum: number; readonly maximum: number };
}

/**
 * Questions with choices. A language model learns the right one as a continuation and is scored by likelihood; an
 * encoder scores each choice read with its question.
 */
export interface ChoiceDeclaration extends CommonDeclaration<ChoiceRow> {
  readonly kind: 'multiple-choice';
  /** The first is the default, in training and evaluation. */
  readonly templates: { readonly harness: ChoiceTemplate; readonly meft?: ChoiceTemplate };
  /** `best`: the likeliest choice; `mass`: probability of the right choices among all (TruthfulQA mc2). */
  readonly scoring: 'best' | 'mass';
  /** What stands in a question where the choices fit in; absent where they follow it. */
  readonly gap?: string;
  /** Names of the choices by their place, to count the right ones; absent where their number differs freely. */
  readonly answers?: readonly string[];
  /** Where solved examples before the question come from; absent where the task has none. */
  readonly shots?: ShotSource;
  /** Groups of subjects that are scored besides the subjects themselves. */
  readonly categories?: (subject: string) => string;
}

/** Documents to learn the language from. */
export interface LanguageDeclaration extends CommonDeclaration<DocumentRow> {
  readonly kind: 'language-modelling';
}

/** Instructions with responses; the loss is on the response only. */
export interface InstructionDeclaration extends CommonDeclaration<InstructionRow> {
  readonly kind: 'instruction';
  /** Everything before the response. */
  readonly prompt: (row: InstructionRow) => string;
  /** Sources of rows that are not trained on. */
  readonly leftOutSources?: readonly string[];
}

/** Questions whose answer is a piece of the text. */
export interface SpanDeclaration extends CommonDeclaration<SpanRow> {
  readonly kind: 'question-answering';
}

export type TaskDeclaration =
  | ClassificationDeclaration
  | RegressionDeclaration
  | ChoiceDeclaration
  | LanguageDeclaration
  | InstructionDeclaration
  | SpanDeclaration
  | ImageDeclaration;

export type TaskKindName = TaskDeclaration['kind'];

/** Kind of metrics that score a kind of task. */
export function metricKindOf(kind: TaskKindName): MetricKind {
  if (kind === 'instruction') return 'language-modelling';
  return kind === 'image-classification' ? 'classification' : kind;
}

/** Names as sweeps can spell them. */
export const taskNamePattern = /^[a-z0-9][a-z0-9._-]*$/;

/** Checks a declaration and returns it. Throws UsageError naming the task and the field. */
export function defineTask<Declaration extends TaskDeclaration>(declaration: Declaration): Declaration {
  const { name, aliases = [], splits, manifest } = declaration;
  const kind = metricKindOf(declaration.kind);
  const reject = (problem: string): never => {
    throw new UsageError(messages.badDeclaration(name, problem), { code: 'LEANTUNE_TASK_DECLARATION' });
  };
  for (const spelling of [name, ...aliases]) {
    if (!taskNamePattern.test(spelling)) reject(messages.badTaskName(spelling));
  }
  if ('labels' in declaration && new Set(declaration.labels).size < 2) reject(messages.tooFewLabels());
  for (const metric of declaration.metrics) {
    if (getMetric(metric).kind !== kind) reject(messages.metricOfOtherKind(metric, getMetric(metric).kind, kind));
  }
  const named = [...trainSplitsOf(declaration), splits.select, ...splits.report];
  for (const split of named) {
    if (manifest.splits[split] === undefined && split !== splits.heldOut?.split) {
      reject(messages.splitNotInManifest(split));
    }
  }
  return declaration;
}

/** The splits that may be trained on, the best first. */
export function trainSplitsOf({ splits }: TaskDeclaration): readonly string[] {
  return splits.train === undefined ? [] : [splits.train].flat();
}

/** Names of the classes, or of the choices by their place; none where there are no labels to be counted. */
export function labelsOf(declaration: TaskDeclaration): readonly string[] {
  if ('labels' in declaration) return declaration.labels;
  return declaration.kind === 'multiple-choice' ? (declaration.answers ?? []) : [];
}
