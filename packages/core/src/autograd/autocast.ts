import type { FloatStorageDType } from '../tensor/dtype.js';

/** The half-precision dtypes that matrix products may run in. */
export type AutocastDType = Extract<FloatStorageDType, 'bfloat16' | 'float16'>;

let current: AutocastDType | undefined;

/** What products of the running forward pass are computed in; undefined: in what their inputs are held as. */
export function autocastDType(): AutocastDType | undefined {
  return current;
}

/**
 * Mixed precision (Micikevicius et al. 2018) as torch.autocast on CUDA: parameters stay as they are held; matrix products
 * and attention in `body` read copies of their inputs in `dtype`; normalisation and losses are computed in float32; every
 * other op takes the widest of its inputs. Regions that run again in the backward pass run as they ran here.
 */
export function withAutocast<T>(dtype: AutocastDType | undefined, body: () => T): T {
  const before = current;
  current = dtype;
  try {
    return body();
  } finally {
    current = before;
  }
}
