import { expect, it } from 'vitest';
import { backward } from '../autograd/backward.js';
import { gradCheck } from '../autograd/gradCheck.js';
import { noGrad } from '../autograd/gradMode.js';
import { graphScope } from '../autograd/node.js';
import { RandomStream } from '../random/stream.js';
import { Parameter } from '../tensor/parameter.js';
import { scope } from '../tensor/scope.js';
import { describeOnBackends } from '../testing/backends.js';
import { gradientOf, squared, total } from '../testing/probes.js';
import { concatenateFeatures } from './concatenateFeatures.js';
import { discardGradient } from './discardGradient.js';
import { scaleBy } from './scaleBy.js';

const random = new RandomStream(3, 'streams');
const parameter = (shape: readonly number[]) =>
  Parameter.from(
    Float32Array.from({ length: shape.reduce((size, axis) => size * axis, 1) }, () => random.normal()),
    shape,
  );

await describeOnBackends('ops that make one value of streams', () => {
  it('concatenate features, and a trained factor: values and gradients', () => {
    const parameters = { a: parameter([2, 3, 2]), b: parameter([2, 3, 4]), factor: Parameter.from([1.3], [1]) };
    const { a, b, factor } = parameters;
    const [joined, scaled] = noGrad(() =>
      scope(() => [concatenateFeatures(a, b).read(), scaleBy(a, factor).read()] as const),
    );
    expect([...joined.slice(0, 6)]).toEqual([...a.read().slice(0, 2), ...b.read().slice(0, 4)]);
    expect([...scaled]).toEqual([...a.read()].map((value) => Math.fround(value * factor.item())));
    const results = gradCheck(() => total(squared(scaleBy(concatenateFeatures(a, b), factor))), parameters);
    for (const { parameter: name, maxRelativeError, maxNumeric } of results) {
      expect(maxNumeric, name).toBeGreaterThan(0.1);
      expect(maxRelativeError, name).toBeLessThan(5e-3);
    }
    for (const each of Object.values(parameters)) each.release();
  });

  it('discard a gradient: the value stays, what lies above is differentiated, nothing arrives', () => {
    const [x, anchor, other] = [parameter([4]), parameter([1]), parameter([4])];
    x.requiresGrad = false;
    let visited = 0;
    graphScope(() =>
      scope(() => {
        const above = squared(discardGradient(x, anchor), () => (visited += 1));
        expect([...above.read()]).toEqual([...x.read()].map((value) => Math.fround(value * value)));
        backward(total(above));
      }),
    );
    expect(visited).toBe(1);
    expect([x, anchor, other].map(gradientOf)).toEqual([undefined, undefined, undefined]);
    for (const each of [x, anchor, other]) each.release();
  });
});
