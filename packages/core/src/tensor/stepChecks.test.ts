import { expect, it } from 'vitest';
import { withStepContext } from '../modules/context.js';
import { describeOnBackends } from '../testing/backends.js';
import { scope } from './scope.js';
import { checkAfterStep } from './stepChecks.js';
import { tensorFrom } from './tensor.js';

const step = { training: true, seed: 0, microStep: 0 };

await describeOnBackends('checks of a step', () => {
  it('are made when it is over, in order, and leave nothing behind', () => {
    const seen: (number | string)[] = [];
    withStepContext(step, () => {
      scope(() => {
        for (const value of [1, 2]) checkAfterStep(tensorFrom([value], []), (found) => seen.push(found));
      });
      seen.push('end');
    });
    expect(seen).toEqual(['end', 1, 2]);
  });

  it('are made at once outside a step, and not at all where the step fails', () => {
    const seen: number[] = [];
    const look = () => scope(() => checkAfterStep(tensorFrom([3], []), (found) => seen.push(found)));
    look();
    expect(seen).toEqual([3]);
    const failing = () =>
      withStepContext(step, () => {
        look();
        throw new Error('inside');
      });
    expect(failing).toThrow('inside');
    expect(seen).toEqual([3]);
  });

  it('throw out of the step', () => {
    const refusing = () =>
      withStepContext(step, () =>
        scope(() =>
          checkAfterStep(tensorFrom([4], []), (found) => {
            throw new RangeError(`found ${found}`);
          }),
        ),
      );
    expect(refusing).toThrow('found 4');
  });
});
