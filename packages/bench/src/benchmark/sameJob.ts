/** Whether two contestants compute the same thing: only then a ratio of their times means anything. */
import { benchMessages } from '../messages/bench.js';
import type { CheckAnswer } from './protocol.js';

/** Largest difference of the losses of the same batch with the same weights. */
const lossTolerance = 1e-4;

/** Of the gradient norms, relative: float32 sums over other orders of millions of terms. */
const gradientTolerance = 1e-3;

/** What both must agree on, and whether they do. */
export interface Agreement {
  readonly ours: CheckFigures;
  readonly theirs: CheckFigures;
  /** In words, one each; none where they agree. */
  readonly differences: readonly string[];
}

export type CheckFigures = Pick<CheckAnswer, 'loss' | 'gradientNorm' | 'trainedParameters'>;

export function compareChecks(ours: CheckFigures, theirs: CheckFigures): Agreement {
  const differences: string[] = [];
  const lossError = Math.abs(ours.loss - theirs.loss);
  if (!(lossError <= lossTolerance)) {
    differences.push(benchMessages.differs('loss', ours.loss, theirs.loss, lossTolerance));
  }
  const gradientError = Math.abs(ours.gradientNorm - theirs.gradientNorm);
  if (!(gradientError <= gradientTolerance * Math.abs(theirs.gradientNorm))) {
    differences.push(benchMessages.differs('gradient norm', ours.gradientNorm, theirs.gradientNorm, gradientTolerance));
  }
  if (ours.trainedParameters !== theirs.trainedParameters) {
    differences.push(benchMessages.differs('trained parameters', ours.trainedParameters, theirs.trainedParameters, 0));
  }
  return { ours: figuresOf(ours), theirs: figuresOf(theirs), differences };
}

function figuresOf({ loss, gradientNorm, trainedParameters }: CheckFigures): CheckFigures {
  return { loss, gradientNorm, trainedParameters };
}
