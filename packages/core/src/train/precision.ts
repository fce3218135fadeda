import type { AutocastDType } from '../autograd/autocast.js';
import type { FloatStorageDType } from '../tensor/dtype.js';

/** How the numbers of a run are held. */
export interface Precision {
  /** Parameters and, without autocast, everything computed from them. */
  readonly storage: FloatStorageDType;
  /** What products are computed in, where it is less than what parameters are held as. */
  readonly autocast?: AutocastDType;
}

/**
 * Precisions by the names of Hugging Face and Lightning: `bf16` holds everything in bfloat16; the mixed ones hold
 * parameters, gradients and optimiser state in float32 and compute products in half precision, `fp16-mixed` with loss
 * scaling.
 */
export const precisions = {
  fp32: { storage: 'float32' },
  bf16: { storage: 'bfloat16' },
  fp16: { storage: 'float16' },
  'bf16-mixed': { storage: 'float32', autocast: 'bfloat16' },
  'fp16-mixed': { storage: 'float32', autocast: 'float16' },
} as const satisfies Readonly<Record<string, Precision>>;

export type PrecisionName = keyof typeof precisions;

/** Dtypes that a backend must hold for it besides float32. */
export function dtypesOf({ storage, autocast }: Precision): FloatStorageDType[] {
  return [storage, ...(autocast === undefined ? [] : [autocast])].filter((dtype) => dtype !== 'float32');
}
