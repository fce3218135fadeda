import { expect, it } from 'vitest';
import { workingFolder } from '../testing/runCli.js';
import { gradcheckTable, isNoise } from './gradcheckTable.js';
import { resolveGradcheckSettings } from './settings.js';

const config = {
  model_type: 'bert',
  vocab_size: 61,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 64,
  max_position_embeddings: 40,
};
const folder = () => workingFolder({ 'config.json': JSON.stringify(config) });

it('takes its defaults, a depth for random weights, and no more tokens than there are positions', async () => {
  const settings = await resolveGradcheckSettings(folder(), 'meft1', { random: true, layers: '5', seed: '3' });
  expect(settings).toMatchObject({
    method: 'meft1',
    config: { num_hidden_layers: 5 },
    head: { kind: 'classification' },
    batchSize: 16,
    sequenceLength: 40,
    seed: 3,
    dropout: 0.1,
    random: true,
  });
});

it.each([
  ['meft1', { batch: '0', seq: 'x' }, ['--batch', '--seq']],
  ['meft1', { layers: '5' }, ['--layers']],
  ['meft1', { seq: '41' }, ['--seq']],
] as const)('names all that is wrong with %s %j', async (method, words, keys) => {
  await expect(resolveGradcheckSettings(folder(), method, words)).rejects.toMatchObject({
    issues: keys.map((key) => expect.objectContaining({ key }) as unknown),
  });
});

it.each(['lora', 'full', 'meft1(gradient=vanilla)'])('refuses %s, which has no reversible layers', async (method) => {
  await expect(resolveGradcheckSettings(folder(), method, {})).rejects.toThrow('has no reversible layers');
});

it('calls noise what is far from the ordinary gradient, in direction or length, or no number', () => {
  const layer = { layer: 'a', cosine: 1, normRatio: 1 };
  const rows = [layer, { ...layer, cosine: 0.98 }, { ...layer, normRatio: 2 }, { ...layer, cosine: NaN }];
  expect(rows.map(isNoise)).toEqual([false, true, true, true]);
});

it('shows one row a layer', async () => {
  const settings = await resolveGradcheckSettings(folder(), 'meft1(reversibleLayers=1)', {});
  const layers = [
    { layer: 'x.0', reconstructionError: 0.012, cosine: 0.5, normRatio: 1.25 },
    { layer: 'x.1', cosine: 1, normRatio: 1 },
  ];
  const table = gradcheckTable(settings, { layers, loss: 1, ordinaryLoss: 1, warnings: [] });
  expect(table.rows.map((row) => row.map(({ text }) => text))).toEqual([
    ['x.0', '1e-2', '0.5000000', '1.250', 'noise'],
    ['x.1', 'ordinary', '1.0000000', '1.000', ''],
  ]);
});
