/** Mixed precision on real MiniLM weights: what the published settings do was measured with the authors' code and PyTorch. */
import { isLoaded, useBackend } from '@leantune/core';
import { nodeProviders } from '@leantune/core/node';
import { resolveCheckpoint } from '@leantune/models/node';
import { expect, it } from 'vitest';
import '../registry/backends.js';
import { gradcheck } from './gradcheck.js';
import { isNoise } from './gradcheckTable.js';
import { resolveGradcheckSettings } from './settings.js';

const model = 'minilm-l6';

async function lacking(): Promise<string | undefined> {
  try {
    await resolveCheckpoint(model, { offline: true });
  } catch (error) {
    return (error as Error).message;
  }
  const torch = await nodeProviders()
    .find(({ name }) => name === 'torch')!
    .load();
  if (!isLoaded(torch)) return torch.reason;
  await useBackend(torch);
  return undefined;
}

const missing = await lacking();
const skipped = missing === undefined ? '' : ` (skipped: ${missing})`;

const check = async (method: string, precision: string) =>
  gradcheck(await resolveGradcheckSettings(model, method, { dropout: '0', batch: '16', precision }));

// Cosines of layers 0 … 5 on SST-2, recomputed in float32 as the published code does: bf16 MEFT1 .14 .46 .84 .98 1 1,
// MEFT2 .02 .03 .18 .85 1 1, MEFT3 .01 .06 .06 .21 .96 1; fp16, layer 0: .39, .035, .02.
it.skipIf(missing !== undefined).each([
  ['meft1(reference=true)', 'bf16-mixed', 2, 4],
  ['meft2(reference=true)', 'bf16-mixed', 3, 5],
  ['meft3(reference=true)', 'bf16-mixed', 4, 5],
  ['meft1(reference=true)', 'fp16-mixed', 1, 3],
  ['meft3(reference=true)', 'fp16-mixed', 2, 5],
])(`%s in %s: the lowest %i to %i layers train on noise${skipped}`, async (method, precision, least, most) => {
  const { layers, warnings } = await check(method, precision);
  const noisy = layers.filter(isNoise).length;
  expect(layers.map(isNoise)).toEqual(layers.map((_, index) => index < noisy));
  expect(noisy).toBeGreaterThanOrEqual(least);
  expect(noisy).toBeLessThanOrEqual(most);
  expect(layers[0]!.cosine).toBeLessThan(0.6);
  expect(layers.at(-1)!.cosine).toBeGreaterThan(0.999);
  expect(warnings).toHaveLength(1);
});

it.skipIf(missing !== undefined).each([
  ['meft1(gradient=exact)', 'bf16-mixed'],
  ['meft2(gradient=exact)', 'bf16-mixed'],
  ['meft3(gradient=exact)', 'bf16-mixed'],
  ['meft3(gradient=exact)', 'fp16-mixed'],
])(`%s in %s is right at every layer${skipped}`, async (method, precision) => {
  const { layers, warnings } = await check(method, precision);
  for (const { reconstructionError, cosine } of layers) {
    expect(reconstructionError).toBe(0);
    // The grid of the streams rounds what ordinary training does not: half precision then rounds elsewhere.
    expect(cosine).toBeGreaterThan(0.9995);
  }
  expect(warnings).toEqual([]);
});

// Recomputed under the autocast of the forward pass, the default here, the same bits come again but for the streams' own
// rounding: fewer layers are wrong (fp16, layer 0 of MEFT1: .94).
it.skipIf(missing !== undefined)(`recomputation in the precision of the forward pass is nearer${skipped}`, async () => {
  const [own, published] = [await check('meft1', 'bf16-mixed'), await check('meft1(reference=true)', 'bf16-mixed')];
  expect(own.layers[0]!.cosine).toBeGreaterThan(published.layers[0]!.cosine + 0.2);
  expect(own.layers[0]!.reconstructionError).toBeLessThan(published.layers[0]!.reconstructionError!);
});
