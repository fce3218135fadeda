import { memoryMeter, useBackend } from '@leantune/core';
import { loadBackend } from '@leantune/core/node';
import { expect, it } from 'vitest';
import { opNames } from './opShapes.js';
import { opCall } from './opTimer.js';

await useBackend(await loadBackend('wasm'));

it.each(opNames)('%s can be called again and again, and leaves no buffer behind', (op) => {
  const call = opCall(op, { batch: 2, length: 6, hidden: 8, heads: 2, inner: 12, vocabulary: 17 });
  call(); // makes what stays: moments
  const before = memoryMeter().liveBytes;
  call();
  call();
  expect(memoryMeter().liveBytes).toBe(before);
});
