import { describe, expect, it } from 'vitest';
import { clipFactor } from './clip.js';
import { isBiasOrNorm } from './optimizer.js';
import { scheduleFactor, type ScheduleName } from './schedule.js';

describe('scheduleFactor', () => {
  // Hugging Face's get_scheduler, by hand: warm-up step/warmup; then 1, (total - step)/(total - warmup),
  // or (1 + cos(π (step - warmup)/(total - warmup)))/2.
  it.each<[ScheduleName, number, number, number, number]>([
    ['constant', 0, 10, 0, 1],
    ['constant', 0, 10, 25, 1],
    ['constant', 4, 10, 0, 0],
    ['constant', 4, 10, 1, 0.25],
    ['constant', 4, 10, 4, 1],
    ['linear', 0, 10, 0, 1],
    ['linear', 0, 10, 3, 0.7],
    ['linear', 0, 10, 10, 0],
    ['linear', 0, 10, 11, 0],
    ['linear', 2, 10, 0, 0],
    ['linear', 2, 10, 1, 0.5],
    ['linear', 2, 10, 2, 1],
    ['linear', 2, 10, 4, 0.75],
    ['linear', 2, 10, 9, 0.125],
    ['cosine', 0, 8, 0, 1],
    ['cosine', 0, 8, 2, (1 + Math.SQRT1_2) / 2],
    ['cosine', 0, 8, 4, 0.5],
    ['cosine', 0, 8, 8, 0],
    ['cosine', 2, 10, 1, 0.5],
    ['cosine', 2, 10, 2, 1],
    ['cosine', 2, 10, 6, 0.5],
    // All warm-up: the step after the last one divides by no zero.
    ['linear', 10, 10, 9, 0.9],
    ['linear', 10, 10, 10, 0],
    ['cosine', 10, 10, 10, 1],
    ['linear', 0, 0, 0, 0],
  ])('%s, warm-up %i of %i, step %i: %d', (name, warmupSteps, totalSteps, step, expected) => {
    expect(scheduleFactor({ name, warmupSteps, totalSteps }, step)).toBeCloseTo(expected, 12);
  });
});

describe('clipFactor', () => {
  // torch.nn.utils.clip_grad_norm_: max_norm / (norm + 1e-6), clamped to 1.
  it.each([
    [4, 1, 1 / 4.000001],
    [0.5, 1, 1],
    [1, 1, 1 / 1.000001],
    [0, 1, 1],
  ])('norm %d, maximum %d: %d', (norm, maximum, expected) => {
    expect(clipFactor(norm, maximum)).toBe(expected);
  });
});

describe('isBiasOrNorm', () => {
  it.each([
    ['bert.encoder.layer.0.attention.self.query.bias', true],
    ['bert.embeddings.LayerNorm.weight', true],
    ['model.layers.0.input_layernorm.weight', true],
    ['model.norm.weight', true],
    ['bert.encoder.layer.0.attention.self.query.weight', false],
    ['bert.embeddings.word_embeddings.weight', false],
  ])('%s: %s', (name, expected) => {
    expect(isBiasOrNorm(name)).toBe(expected);
  });
});
