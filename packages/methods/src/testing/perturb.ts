import { RandomStream, scope, tensorFrom, trainedParameters } from '@leantune/core';
import type { TransformerModel } from '@leantune/models';

/** Moves every trained parameter, so that none stays at a special start (LoRA's B is zero). */
export function perturb(model: TransformerModel): void {
  const random = new RandomStream(7, 'perturb');
  for (const [, parameter] of trainedParameters(model)) {
    const moved = Float32Array.from(parameter.read(), (value) => value + 0.05 * random.normal());
    scope(() => parameter.assign(tensorFrom(moved, parameter.shape)));
  }
}
