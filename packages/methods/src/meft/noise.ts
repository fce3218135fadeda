import {
  checkAfterStep,
  scope,
  stepContext,
  subtractKernel,
  sumOfSquares,
  withReversibleObserver,
  type Coupling,
  type StreamPair,
} from '@leantune/core';
import { messages } from '../messages.js';

/** Relative error of what the lowest layer but one read from which on the lowest layer's gradient is noise. */
const noiseThreshold = 0.1;

/**
 * Looks once, in the first training step, whether reconstruction works. Both streams of the lowest layer start as the same
 * value, so that their distance as reconstructed is the error; nothing has to be kept for it. A layer's gradient depends
 * on what was reconstructed above it, where the error is smaller by about λβ.
 */
export class NoiseCheck {
  private isDone = false;

  constructor(
    private readonly setting: string,
    private readonly coupling: Coupling,
    private readonly warn: (message: string) => void,
  ) {}

  watch(body: () => StreamPair): StreamPair {
    if (this.isDone || !stepContext().training) return body();
    this.isDone = true;
    let inputSquares = NaN;
    return withReversibleObserver(
      {
        forward: (layer, { first }) => {
          if (layer === 0) checkAfterStep(sumOfSquares(first), (value) => (inputSquares = value));
        },
        reconstructed: (layer, { first, second }) => {
          if (layer > 0) return;
          const squares = scope(() => sumOfSquares(subtractKernel(first, second)));
          checkAfterStep(squares, (value) => this.judge(Math.sqrt(value / inputSquares)));
        },
      },
      body,
    );
  }

  private judge(error: number): void {
    const { lambda, beta } = this.coupling;
    // NaN is below nothing.
    if (!(error * lambda * beta < noiseThreshold)) this.warn(messages.reversibleNoise(this.setting, error));
  }
}
