/**
 * Requests to a contestant and its answers: one line of JSON each, over its stdin and stdout. A contestant is a process
 * that waits for its turn; ours is `contestantMain`, those of other libraries lie in `peers`.
 */
import { z } from 'zod';
import type { OpName, OpShapesName } from './opShapes.js';

const deviceKindSchema = z.enum(['cpu', 'gpu']);

/** How parameters are updated, by ours and by every peer. */
interface UpdateSettings {
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly maxGradNorm: number;
}

/** Training steps of a model with a method, on one random batch of full rows. */
export interface StepJob extends UpdateSettings {
  readonly kind: 'step';
  readonly model: string;
  /** Random weights of the model's configuration, where no checkpoint is here. */
  readonly randomWeights: boolean;
  /** Canonical spelling. */
  readonly method: string;
  readonly batchSize: number;
  readonly sequenceLength: number;
  readonly vocabularySize: number;
  readonly dropout: number;
  readonly seed: number;
}

/** One op, forward and backward, at the sizes of a model. */
export interface OpJob {
  readonly kind: 'op';
  readonly op: OpName;
  readonly shapes: OpShapesName;
}

export type Job = StepJob | OpJob;

/** What ours is asked. */
export type OwnRequest =
  | { readonly do: 'check'; readonly job: StepJob; readonly folder: string }
  | { readonly do: 'prepare'; readonly job: Job }
  | { readonly do: 'turn' };

/** A step job in the words of a peer. */
export interface PeerJob extends UpdateSettings {
  /** Folder of the weights that ours has saved, and of the adapter that stands on them. */
  readonly checkpoint: string;
  readonly adapter: string;
  /** Options of each method of the spelling, defaults filled in. */
  readonly options: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly deviceKind: z.infer<typeof deviceKindSchema>;
  readonly dropout: number;
  readonly seed: number;
  /** [rows][tokens] */
  readonly inputIds: readonly (readonly number[])[];
  readonly labels: readonly number[];
}

type PeerRequest =
  /** `positions`: the selected tokens of each row, where the method selects. */
  | ({ readonly do: 'check'; readonly positions?: readonly (readonly number[])[] } & PeerJob)
  | ({ readonly do: 'prepare' } & PeerJob)
  | { readonly do: 'turn' };

export type Request = OwnRequest | PeerRequest;

/** Of one batch, without dropout and before any update. */
export const checkAnswerSchema = z.object({
  loss: z.number(),
  /** Euclidean norm over all trained parameters. */
  gradientNorm: z.number(),
  trainedParameters: z.int(),
  positions: z.array(z.array(z.int())).optional(),
});

export const prepareAnswerSchema = z.object({
  /** For people. */
  device: z.string(),
  deviceKind: deviceKindSchema,
  versions: z.record(z.string(), z.string()).optional(),
});

/** Of one turn: the time of a step, or the median of the calls of an op. */
export const turnAnswerSchema = z.object({ ms: z.number().nonnegative(), loss: z.number().optional() });

export const errorAnswerSchema = z.object({ error: z.string() });

export type CheckAnswer = z.infer<typeof checkAnswerSchema>;
export type PrepareAnswer = z.infer<typeof prepareAnswerSchema>;
export type TurnAnswer = z.infer<typeof turnAnswerSchema>;
