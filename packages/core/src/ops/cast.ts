import { autocastDType } from '../autograd/autocast.js';
import { differentiable } from '../autograd/differentiable.js';
import { savingPolicy } from '../autograd/policy.js';
import { Recipe } from '../autograd/saved.js';
import { castStorage } from '../kernels/storage.js';
import { Parameter } from '../tensor/parameter.js';
import type { FloatStorageDType } from '../tensor/dtype.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * x held as `storage`. Saves nothing; under `lean` consumers keep x, which is mostly kept anyway, instead of the copy.
 * Its gradient is held as x is.
 */
function cast(x: Tensor, storage: FloatStorageDType): Tensor {
  if (x.storageDtype === storage) return x;
  const compute = ([source]: readonly Tensor[]) => castStorage(source!, storage);
  const copy = differentiable('cast', { x }, () => ({
    output: castStorage(x, storage),
    recipe: { sources: [x], compute },
    backward: (gradOutput) => ({ x: gradOutput }),
  }));
  // A frozen weight lives in any case: its copies need not.
  if (x instanceof Parameter && !copy.requiresGrad && savingPolicy() === 'lean') {
    copy.recipe = new Recipe([x], compute);
  }
  return copy;
}

/** Inputs of a matrix product: copies in the dtype of the autocast that runs, else as they are. */
export function forProduct<Inputs extends readonly (Tensor | undefined)[]>(...inputs: Inputs): Inputs {
  const dtype = autocastDType();
  if (dtype === undefined) return inputs;
  return inputs.map((input) => input && cast(input, dtype)) as readonly unknown[] as Inputs;
}

/** The input of an op that autocast computes in float32; as it is where none runs. */
export function forStatistics(x: Tensor): Tensor {
  return autocastDType() === undefined || x.storageDtype === 'float64' ? x : cast(x, 'float32');
}
