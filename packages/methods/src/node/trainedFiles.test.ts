import { adamW, predict, train } from '@leantune/core';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { applyMethods } from '../index.js';
import { classification, regression, tinyBert } from '../testing/tinyBert.js';
import { loadTrained, saveTrained } from './trainedFiles.js';

const fixture = tinyBert(classification);

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'leantune-trained-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Trains two steps, saves, and returns what the model computes then. */
async function trainAndSave(spelling: string, folder: string): Promise<Float32Array> {
  const model = fixture.make();
  const applied = applyMethods(model, spelling, { seed: 4 });
  const batches = { length: 2, epoch: () => [fixture.batch(0), fixture.batch(1)] };
  await train(model, batches, { optimizer: adamW({ learningRate: 1e-2 }), epochs: 1 });
  const { logits } = predict(model, fixture.batch(2));
  await saveTrained(model, applied, folder);
  model.release();
  return logits;
}

await describeOnBackends('files of what a method trained', () => {
  it.each([
    'meft1(width=3)',
    'meft2(gradient=exact,combine=concat)',
    'meft3(adapter=lora,reversibleLayers=1,placement=top-with-frozen-lower)',
    'full',
    // What a folder of PEFT refuses, or does not read back.
    'mam(length=2,projection=5,width=3)',
    'lora(rank=2)+tokentune(tokens=4)',
    'prefix(length=2,projection=5)+tokentune(tokens=4)',
  ])('%s: a loaded model computes what the saved one did', async (spelling) => {
    const folder = temporaryFolder();
    const expected = await trainAndSave(spelling, folder);
    const model = fixture.make();
    const { spec } = await loadTrained(model, folder);
    expect(spec.spelling).toBe(spelling);
    expect(predict(model, fixture.batch(2)).logits).toEqual(expected);
    model.release();
  });

  it('says what does not fit', async () => {
    const folder = temporaryFolder();
    const other = tinyBert(regression).make();
    await expect(loadTrained(other, folder)).rejects.toThrow('method.json: not found');
    await trainAndSave('meft1', folder);
    await expect(loadTrained(other, folder)).rejects.toThrow('"classifier.weight" has shape [3, 32], expected [1, 32]');
    other.release();
    writeFileSync(join(folder, 'method.json'), '{"method": 3}');
    const model = fixture.make();
    await expect(loadTrained(model, folder)).rejects.toThrow('method.json: names no method');
    writeFileSync(join(folder, 'method.json'), '{"method": "meft1(width=8,combine=concat)"}');
    await expect(loadTrained(model, folder)).rejects.toThrow('concat_layer.weight" is absent');
    model.release();
    expect(readFileSync(join(folder, 'method.json'), 'utf8')).toContain('meft1');
  });
});
