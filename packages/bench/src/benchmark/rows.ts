/** What a comparison found: the rows of `figures.json`. */
import type { Ratio } from './ratios.js';
import type { Agreement } from './sameJob.js';
import type { Job, PrepareAnswer } from './protocol.js';

export const suites = ['ops', 'steps', 'peers'] as const;

export type Suite = (typeof suites)[number];

/** One contestant beside its reference, in one case. */
export interface RowFacts {
  readonly suite: Suite;
  /** E.g. `linear, minilm-l6` or `full, dropout 0.1`. */
  readonly case: string;
  readonly job: Job;
  readonly backend: string;
  /** What its time is divided by: the first backend, or a peer. */
  readonly reference: string;
}

/** Times of one side, in milliseconds, in order of rounds; only those of the other side make anything of them. */
export interface Side extends Pick<PrepareAnswer, 'device' | 'versions'> {
  readonly samplesMs: readonly number[];
}

export type BenchRow = RowFacts &
  (
    | {
        readonly status: 'ok';
        readonly ratio: Ratio;
        readonly ours: Side;
        readonly theirs: Side;
        /** That both did the same job; only beside a peer. */
        readonly agreement?: Agreement;
      }
    /** There is nothing to compare with, and what changes that. */
    | { readonly status: 'absent'; readonly reason: string; readonly remedy: string }
    | { readonly status: 'failed'; readonly reason: string; readonly agreement?: Agreement }
  );
