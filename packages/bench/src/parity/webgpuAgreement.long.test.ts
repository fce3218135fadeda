/** Five steps of a small BERT on WebGPU: wasm's losses within float32, and wasm's bytes exactly. */
import { isLoaded, type LoadedBackend } from '@leantune/core';
import { computingProviders } from '@leantune/core/node';
import { useSoftwareWebGpu } from '@leantune/core/testing';
import { describe, expect, it } from 'vitest';
import { trainSmallBert } from '../testing/smallBert.js';

useSoftwareWebGpu();
const provider = (name: string) => computingProviders().find((candidate) => candidate.name === name)!;
const wasm = await provider('wasm').load();
const webgpu = await provider('webgpu').load();
const note = isLoaded(webgpu) ? '' : ` [skipped: ${webgpu.reason}]`;

describe.skipIf(!isLoaded(webgpu))(`webgpu trains as wasm does${note}`, () => {
  // Software compiles each shader and computes on the CPU.
  it.each(['full', 'lora(rank=4)'])('%s', { timeout: 600_000 }, async (method) => {
    const expected = await trainSmallBert(wasm as LoadedBackend, method, 5);
    const { losses, memory } = await trainSmallBert(webgpu as LoadedBackend, method, 5);
    expect(expected.losses.at(-1)).not.toBeCloseTo(expected.losses[0]!, 3);
    losses.forEach((loss, step) => expect(loss / expected.losses[step]! - 1).toBeCloseTo(0, 4));
    expect(memory).toEqual(expected.memory);
  });
});
