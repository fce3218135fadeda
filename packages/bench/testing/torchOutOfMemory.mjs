// Executor of the runner's tests: a sum of a column and a row of 2²³ numbers each needs 2⁴⁸ bytes, more than any process
// can address, so that libtorch's own allocator refuses.
import { add, scope, tensorFrom, useBackend } from '@leantune/core';
import { loadBackend } from '@leantune/core/node';

export async function executeCell(config) {
  await useBackend(await loadBackend(config.backend));
  const length = 2 ** 23;
  const numbers = (shape) => tensorFrom(new Float32Array(length), shape);
  scope(() => add(numbers([length, 1]), numbers([1, length])));
}
