/** Learning-rate schedules with Hugging Face's definitions (`get_scheduler`). */
export const scheduleNames = ['constant', 'linear', 'cosine'] as const;

export type ScheduleName = (typeof scheduleNames)[number];

export interface Schedule {
  readonly name: ScheduleName;
  /** Optimiser steps over which the rate rises linearly from 0; the first step then has rate 0. */
  readonly warmupSteps: number;
  /** Optimiser steps of the whole training. */
  readonly totalSteps: number;
}

/**
 * Factor on the base learning rate at optimiser step `step` (from 0). `linear` falls to 0 at `totalSteps`, `cosine`
 * follows half a cycle to 0, `constant` stays.
 */
export function scheduleFactor({ name, warmupSteps, totalSteps }: Schedule, step: number): number {
  if (step < warmupSteps) return step / Math.max(1, warmupSteps);
  const remaining = Math.max(1, totalSteps - warmupSteps);
  switch (name) {
    case 'constant':
      return 1;
    case 'linear':
      return Math.max(0, (totalSteps - step) / remaining);
    case 'cosine':
      return Math.max(0, 0.5 * (1 + Math.cos((Math.PI * (step - warmupSteps)) / remaining)));
  }
}
