/** Precisions of a plan on its backend, looked at before the first cell: not every backend holds half-precision numbers. */
import { ConfigurationError, dtypesOf, precisions } from '@leantune/core';
import { messages } from '../messages.js';
import type { Cell } from '../sweep/cells.js';

/** What a backend is called and can hold besides float32. */
interface Holder {
  readonly name: string;
  readonly storageDtypes: readonly string[];
}

/** @throws ConfigurationError naming every precision that the backend cannot hold */
export function checkPrecisions(cells: readonly Cell[], { name, storageDtypes }: Holder): void {
  const asked = new Set(cells.map(({ config }) => config.training.precision ?? 'fp32'));
  const missing = [...asked].filter((precision) =>
    dtypesOf(precisions[precision]).some((dtype) => !storageDtypes.includes(dtype)),
  );
  if (missing.length === 0) return;
  throw new ConfigurationError(
    missing.map((precision) => ({
      key: 'training.precision',
      message: messages.precisionNotHeld(precision, name),
      expected: 'fp32',
    })),
    { code: 'LEANTUNE_SWEEP_INVALID', remedy: messages.precisionRemedy() },
  );
}
