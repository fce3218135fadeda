import { holdsValues } from './runtime.js';
import { keep } from './scope.js';
import type { Tensor } from './tensor.js';

/** What a value must be for the step to count; throws where it is not. */
type Verdict = (value: number) => void;

interface Check {
  readonly value: Tensor;
  readonly verdict: Verdict;
}

let pending: Check[] | undefined;

/**
 * Looks at a scalar when the step is over, not now: reading it here would wait for the device. Outside a step it is read
 * at once. Nothing is checked on a backend without values.
 */
export function checkAfterStep(value: Tensor, verdict: Verdict): void {
  if (pending === undefined) {
    if (holdsValues()) verdict(value.item());
    return;
  }
  keep(value);
  pending.push({ value, verdict });
}

/** Runs one step and then its checks, in their order; the first that fails throws. */
export function withStepChecks<T>(body: () => T): T {
  const outer = pending;
  const checks: Check[] = [];
  pending = checks;
  try {
    const result = body();
    if (holdsValues()) for (const { value, verdict } of checks) verdict(value.item());
    return result;
  } finally {
    pending = outer;
    for (const { value } of checks) value.release();
  }
}
