import { engine } from '@tensorflow/tfjs-core';
import { activeBackend } from '../tensor/runtime.js';
import type { Handle } from '../tensor/tensor.js';

/** Scalars that vary from step to step (learning rates) must not pile up. */
const CAPACITY = 256;

const byBackend = new Map<string, Map<number, Handle>>();

/**
 * The float32 scalar `value` on the active backend. Constants belong to the program, not to a step: they are
 * cached and not metered (4 bytes each, at most 256).
 */
export function constantHandle(value: number): Handle {
  const name = activeBackend().name;
  let constants = byBackend.get(name);
  if (constants === undefined) {
    constants = new Map();
    byBackend.set(name, constants);
  }
  const known = constants.get(value);
  if (known !== undefined) {
    // Least recently used first: re-inserting moves it to the end.
    constants.delete(value);
    constants.set(value, known);
    return known;
  }
  if (constants.size >= CAPACITY) {
    const [oldest, handle] = constants.entries().next().value!;
    constants.delete(oldest);
    handle.dispose();
  }
  const handle = engine().makeTensor(new Float32Array([value]), [], 'float32');
  constants.set(value, handle);
  return handle;
}
