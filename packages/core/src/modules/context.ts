import { streamKey, type StreamKey } from '../random/stream.js';
import { withStepChecks } from '../tensor/stepChecks.js';

/** What the forward pass needs to know about the step it belongs to. */
export interface StepContext {
  /** Dropout acts only in training. */
  readonly training: boolean;
  readonly seed: number;
  /** Micro-batches since the start of training. */
  readonly microStep: number;
}

const evaluation: StepContext = { training: false, seed: 0, microStep: 0 };

let current: StepContext = evaluation;

export function stepContext(): StepContext {
  return current;
}

/** Runs a step; what ops wanted to have checked when it is over is checked then. */
export function withStepContext<T>(context: StepContext, body: () => T): T {
  const before = current;
  current = context;
  try {
    return withStepChecks(body);
  } finally {
    current = before;
  }
}

/**
 * Key of a random stream of this step, e.g. for the dropout of module `path`. It depends on names and the step
 * alone, so a recomputation draws the same numbers.
 */
export function stepStream(purpose: string, path: string): StreamKey {
  return streamKey(current.seed, purpose, path, current.microStep);
}
