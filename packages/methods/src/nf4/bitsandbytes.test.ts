import { Nf4Weight, quantizeNf4, scope } from '@leantune/core';
import type { Safetensors } from '@leantune/models';
import { openWeights } from '@leantune/models/node';
import { existsSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { sharedFile } from '../../../models/src/testing/shared.js';

// bitsandbytes 0.50.2 on the CPU: a matrix [64, 96]; short last blocks; a block of zeros, one of tiny values, codes themselves.
const file = sharedFile('goldens/cases/nf4/golden.safetensors');
const golden = existsSync(file) ? await openWeights(file) : undefined;
afterAll(() => golden?.close());

async function read(source: Safetensors, name: string): Promise<number[]> {
  return [...(await source.readFloat64(name))];
}

/** Two codes a byte, the first in the high half, code 7 after an odd last one. */
function packBytes(codes: Uint8Array): number[] {
  const pairs = Array.from({ length: Math.ceil(codes.length / 2) }, (_, index) => index);
  return pairs.map((index) => (codes[2 * index]! << 4) | (codes[2 * index + 1] ?? 7));
}

await describeOnBackends('NF4 as bitsandbytes', () => {
  if (golden === undefined) {
    it.skip('skipped: no goldens in ../shared (LEANTUNE_SHARED names the folder)', () => undefined);
    return;
  }

  it.each([64, 128, 256])('double quantisation, to the bit: blocks of %i', async (blockSize) => {
    const values = Float32Array.from(await read(golden, 'W'));
    const { absmax } = quantizeNf4(values, { blockSize, doubleQuant: true });
    const entry = `nf4.bs${blockSize}.dq`;
    if (absmax instanceof Float32Array) throw new Error('expected codes of scales');
    expect([...absmax.codes]).toEqual(await read(golden, `${entry}.absmax`));
    expect([...absmax.absmax]).toEqual(await read(golden, `${entry}.state2.absmax`));
    expect([absmax.offset]).toEqual(await read(golden, `${entry}.offset`));
  });

  it.each(['special', 'tail1', 'tail63', 'tail65', 'tail130', 'tail1001'])('%s, to the bit', async (name) => {
    const values = Float32Array.from(await read(golden, `${name}.W`));
    const { codes, absmax } = quantizeNf4(values, { blockSize: 64, doubleQuant: false });
    expect(packBytes(codes)).toEqual(await read(golden, `${name}.packed`));
    expect([...(absmax as Float32Array)]).toEqual(await read(golden, `${name}.absmax`));
    const weight = Nf4Weight.quantize(() => values, [1, values.length], { blockSize: 64, doubleQuant: false });
    expect(scope(() => [...weight.dequantize().read()])).toEqual(await read(golden, `${name}.dequant`));
    weight.release();
  });
});
