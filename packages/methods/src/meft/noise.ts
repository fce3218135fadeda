import { checkAfterStep, relativeDistance, stepContext, withReversibleObserver, type StreamPair } from '@leantune/core';
import { messages } from '../messages.js';

/**
 * Relative error of the lowest input from which on the gradient of the lowest layer is noise: an error of 2 there is one
 * of 0.2 or so in what the layer above it read, which its gradient depends on (cosine 0.99 in measurements).
 */
const noiseThreshold = 2;

/**
 * Looks once, in the first training step, whether reconstruction works. Both streams of the lowest layer start as the same
 * value, so that the distance of the two as reconstructed is their error; nothing has to be kept for it.
 */
export class NoiseCheck {
  private isDone = false;

  constructor(
    private readonly setting: string,
    private readonly warn: (message: string) => void,
  ) {}

  watch(body: () => StreamPair): StreamPair {
    if (this.isDone || !stepContext().training) return body();
    this.isDone = true;
    const reconstructed = (layer: number, { first, second }: StreamPair) => {
      if (layer > 0) return;
      checkAfterStep(relativeDistance(first, second), (error) => {
        // NaN is below nothing.
        if (!(error < noiseThreshold)) this.warn(messages.reversibleNoise(this.setting, error));
      });
    };
    return withReversibleObserver({ reconstructed }, body);
  }
}
