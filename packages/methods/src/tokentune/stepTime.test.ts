import { adamW, trainStep, trainedParameters } from '@leantune/core';
import { expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { applyMethods } from '../index.js';
import { fullBatch, zeroBert } from '../testing/zeroBert.js';

/** The shape of all-MiniLM-L6-v2, without dropout. */
const miniLm = {
  vocab_size: 30522,
  hidden_size: 384,
  num_hidden_layers: 6,
  num_attention_heads: 12,
  intermediate_size: 1536,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
};

const pairs = 7;

await describeOnBackends('step time', ({ name: backend }) => {
  if (backend !== 'tensorflow') {
    it.skip(`skipped: the ratio is stated for the native backend, this is ${backend}`, () => undefined);
    return;
  }
  // CI gates on exact quantities only: a shared machine may be busy just then.
  if (process.env.CI) {
    it.skip('skipped: times are measured on a quiet machine, not in CI', () => undefined);
    return;
  }

  it('of tokentune with 16 of 128 tokens is at most 0.6 of full fine-tuning, measured in turns', () => {
    // One model and one optimiser for both: what is compared is the step alone.
    const model = zeroBert(miniLm, 2);
    applyMethods(model, 'tokentune(tokens=16)');
    const selector = model.tokenSelector;
    const trained = trainedParameters(model);
    const optimizer = adamW({ learningRate: 1e-5 }).create(trained);
    const batch = fullBatch(16, 128);
    const stepMs = (tokenSelector: typeof selector, microStep: number): number => {
      model.tokenSelector = tokenSelector;
      const start = performance.now();
      trainStep(model, optimizer, trained, [batch], { seed: 0, microStep, learningRate: 1e-5 });
      return performance.now() - start;
    };
    const ratios: number[] = [];
    for (let pair = 0; pair <= pairs; pair++) {
      const full = stepMs(undefined, pair);
      const selected = stepMs(selector, pair);
      if (pair > 0) ratios.push(selected / full); // the first pair warms up
    }
    optimizer.release();
    model.release();
    ratios.sort((a, b) => a - b);
    const median = ratios[Math.floor(pairs / 2)]!;
    console.info(`tokentune(tokens=16) / full: ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')}`);
    expect(median).toBeLessThanOrEqual(0.6);
  });
});
