import { forwardBackward, memoryMeter, releaseGradients, withSavingPolicy } from '@leantune/core';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { applyMethods, parseMethodSpec } from '../index.js';
import { tinyModels } from '../testing/tinyModels.js';
import { fullBatch, zeroBert } from '../testing/zeroBert.js';

describe('official defaults', () => {
  it.each([
    ['prefix', { length: 20 }],
    ['prompt', { length: 20 }],
    // He et al. 2022, section 4.6; the projection is that of their code.
    ['mam', { length: 30, projection: 800, width: 512, scale: 4 }],
    ['lst', { reduction: 8, start: 'pruned' }],
  ])('of %s', (spelling, options) => {
    expect(parseMethodSpec(spelling).methods[0]!.options).toEqual(options);
  });
});

const file = join(
  resolve(process.env.LEANTUNE_SHARED ?? join(import.meta.dirname, '../../../../../shared')),
  'goldens/bytes/hf.json',
);

interface Bytes {
  readonly results: readonly {
    readonly model: string;
    readonly method: string;
    readonly dropout: number;
    readonly total: number;
    readonly trainable: number;
  }[];
}

await describeOnBackends('what stands before texts', () => {
  it.each(['prefix', 'prompt', 'mam'])('%s is refused with the reason where it has no meaning', (spelling) => {
    const refusals = tinyModels.flatMap((tiny) => {
      const model = tiny.make();
      try {
        applyMethods(model, spelling);
        return [];
      } catch (error) {
        return [[tiny.modelType, (error as Error).message.split(': ')[1]]];
      } finally {
        model.release();
      }
    });
    const twoTexts = 'tokens before the text are defined for one stack of layers, not for two that read two texts';
    const ofBart =
      spelling === 'prompt'
        ? [['bart', 'its decoder reads the text as well, where virtual tokens have no place']]
        : [
            ['bart', twoTexts],
            ['bart', twoTexts],
          ];
    expect(refusals).toEqual([['vit', 'its input is no text'], ...ofBart]);
  });

  it('cannot come twice, and leaves no more positions than there are', () => {
    const tiny = tinyModels[0]!;
    const model = tiny.make();
    applyMethods(model, 'prefix(length=8)');
    expect(() => applyMethods(model, 'prompt')).toThrow('something stands before its texts already');
    // 16 positions, 9 tokens.
    expect(() => forwardBackward(model, tiny.batch(0), { seed: 0, microStep: 0 })).toThrow('an input of 17 tokens');
    model.release();
  });

  if (!existsSync(file)) {
    it.skip('skipped: no goldens in ../shared (LEANTUNE_SHARED names the folder)', () => undefined);
    return;
  }

  it('keeps what PEFT keeps, and trains as much', () => {
    const reference = (JSON.parse(readFileSync(file, 'utf8')) as Bytes).results.find(
      ({ model, method, dropout }) => model === 'bert' && method === 'prefix' && dropout === 0,
    )!;
    const config = {
      vocab_size: 2048,
      hidden_size: 384,
      num_hidden_layers: 6,
      num_attention_heads: 12,
      intermediate_size: 1536,
      max_position_embeddings: 256,
      hidden_dropout_prob: 0,
      attention_probs_dropout_prob: 0,
    };
    const model = zeroBert(config, 2);
    applyMethods(model, 'prefix(length=16)');
    memoryMeter().resetPeak();
    withSavingPolicy('pytorch', () => forwardBackward(model, fullBatch(8, 128), { seed: 0, microStep: 0 }));
    const { savedBytes } = memoryMeter().snapshot();
    expect(model.parameterCounts().trainable).toBe(reference.trainable);
    // The 64-bit ids of the 16 virtual tokens, and the total weight of the loss.
    expect(reference.total - savedBytes).toBe(16 * 8 + 4);
    releaseGradients([...model.namedParameters()]);
    model.release();
  });
});
