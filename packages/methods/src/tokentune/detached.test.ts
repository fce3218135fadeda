import {
  RandomStream,
  forwardBackward,
  releaseGradients,
  trainedParameters,
  withSavingPolicy,
  type SavingPolicy,
  type TokenChoice,
} from '@leantune/core';
import type { HeadOptions, TransformerModel } from '@leantune/models';
import { expect, it } from 'vitest';
import { describeOnFirstBackend } from '../../../core/src/testing/backends.js';
import { applyMethods } from '../index.js';
import { perturb } from '../testing/perturb.js';
import { ReferenceBert } from '../testing/referenceBert.js';
import { classification, regression, tinyBert } from '../testing/tinyBert.js';

/** Central differences in float64: right to about 1e-9. */
const step = 1e-5;

const spellings = [
  'full',
  'lora(rank=3,targets=all-linear)',
  'tokentune(tokens=4)',
  'tokentune(tokens=2)',
  'tokentune(tokens=99)',
  'tokentune(ratio=0.5,head=cls)',
  'lora(rank=3,targets=all-linear)+tokentune(tokens=4)',
  'bitfit+tokentune(tokens=4)',
];

function float64(model: TransformerModel): Map<string, Float64Array> {
  return new Map([...model.namedParameters()].map(([name, value]) => [name, Float64Array.from(value.read())]));
}

/** Real positions of every row of a choice. */
function rowsOf({ tokens, positions, mask }: TokenChoice, size: number): number[][] {
  return Array.from({ length: size }, (_, row) =>
    [...positions.subarray(row * tokens, (row + 1) * tokens)].filter((_position, slot) => mask[row * tokens + slot]),
  );
}

await describeOnFirstBackend('gradients against a detached float64 reference', () => {
  const variants: [SavingPolicy, HeadOptions][] = [
    ['lean', classification],
    ['lean', regression],
    ['pytorch', classification],
  ];
  for (const [policy, head] of variants) {
    it.each(spellings)(`%s, ${head.kind}, ${policy}`, (spelling) => {
      const fixture = tinyBert(head);
      const batch = fixture.batch(0);
      const model = fixture.make();
      applyMethods(model, spelling);
      perturb(model);
      const choice = model.tokenSelector?.(batch, new RandomStream(3, 'tokens', 0));
      const reference = new ReferenceBert({
        config: fixture.config,
        head,
        pooling: model.pooling === 'mean' ? 'mean' : 'first',
        loraScaling: 16 / 3,
      });
      const start = float64(model);
      const selected = choice === undefined ? undefined : rowsOf(choice, batch.size);
      const frozen = reference.freeze(batch, start);

      const loss = withSavingPolicy(policy, () =>
        forwardBackward(model, batch, { seed: 0, microStep: 0, tokens: choice }),
      );
      expect(Math.abs(loss! - reference.loss(batch, start, selected))).toBeLessThan(1e-5);

      const random = new RandomStream(2, 'directions');
      const wrong: string[] = [];
      let large = 0;
      for (const [name, { gradient, size }] of trainedParameters(model)) {
        const analytic = Float64Array.from(gradient!.read());
        const norm = Math.hypot(...analytic);
        if (norm > 1e-3) large += 1;
        const directions = [Float64Array.from({ length: size }, () => random.normal()), analytic];
        for (const direction of directions) {
          const length = Math.hypot(...direction);
          if (length === 0) continue;
          const at = (distance: number) => {
            const moved = start.get(name)!.map((value, index) => value + (distance * direction[index]!) / length);
            return reference.loss(batch, new Map([...start, [name, moved]]), selected, frozen);
          };
          const numeric = (at(step) - at(-step)) / (2 * step);
          const expected = analytic.reduce((total, value, index) => total + value * direction[index]!, 0) / length;
          if (!(Math.abs(numeric - expected) <= 1e-4 * norm + 1e-6)) wrong.push(`${name}: ${expected}, ${numeric}`);
        }
      }
      expect(wrong).toEqual([]);
      expect(large).toBeGreaterThan(trainedParameters(model).length / 2);
      releaseGradients([...model.namedParameters()]);
      model.release();
    });
  }
});
