import { expect, it } from 'vitest';
import { backward } from '../autograd/backward.js';
import { gradCheck } from '../autograd/gradCheck.js';
import { graphScope } from '../autograd/node.js';
import { RandomStream } from '../random/stream.js';
import { Parameter } from '../tensor/parameter.js';
import { memoryMeter } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import { TokenSelection, withSelection } from '../tensor/selection.js';
import { describeOnBackends } from '../testing/backends.js';
import { total } from '../testing/probes.js';
import { embedding } from './embedding.js';
import { multiply } from './arithmetic.js';
import { scaleFeatures } from './scaleFeatures.js';
import { selectedRows } from './tokens.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';

function random(name: string, shape: readonly number[]): Parameter {
  const stream = new RandomStream(3, name);
  const size = shape.reduce((product, extent) => product * extent, 1);
  return Parameter.from(
    Float32Array.from({ length: size }, () => stream.normal()),
    shape,
  );
}

await describeOnBackends('scaleFeatures', () => {
  it.each([false, true])('gradients are those of finite differences; divisor and shift: %s', (withBoth) => {
    const x = random('x', [2, 3, 4]);
    const factors = random('factors', [4]);
    const divisor = withBoth ? tensorFrom([1, 2, -0.5, 4], [4]) : undefined;
    const shift = withBoth ? random('shift', [4]) : undefined;
    const weights = tensorFrom(
      Float32Array.from({ length: 24 }, (_, index) => Math.cos(index)),
      [2, 3, 4],
    );
    const f = () => total(multiply(scaleFeatures(x, factors, { divisor, shift }), weights));
    for (const { maxNumeric, maxRelativeError } of gradCheck(f, { x, factors, ...(shift && { shift }) })) {
      expect(maxNumeric).toBeGreaterThan(0.1);
      expect(maxRelativeError).toBeLessThan(2e-3);
    }
    for (const tensor of [x, factors, weights, divisor, shift]) tensor?.release();
  });

  it('saves x for trained factors, of a selection its rows, and nothing for frozen ones', () => {
    const [batch, length, features, tokens] = [2, 5, 4, 2];
    const table = random('table', [7, features]);
    const factors = random('factors', [features]);
    const ids = () => tensorFrom([1, 2, 2, 0, 6, 3, 3, 3, 1, 5], [batch, length], 'int32');
    const run = (selection: TokenSelection | undefined) =>
      graphScope(() =>
        scope(() => {
          const x: Tensor = embedding(withSelection(ids(), selection), table);
          const before = memoryMeter().liveSavedBytes;
          const y = selectedRows(scaleFeatures(x, factors));
          const saved = memoryMeter().liveSavedBytes - before;
          backward(total(y));
          const gradients = [table, factors].map((parameter) => {
            const values = parameter.gradient && [...parameter.gradient.read()];
            parameter.gradient?.release();
            parameter.gradient = undefined;
            return values;
          });
          return { saved, gradients };
        }),
      );
    expect(run(undefined).saved).toBe(4 * batch * length * features);
    const selection = new TokenSelection(batch, length, tokens, Int32Array.of(0, 3, 1, 4), new Int32Array(4).fill(1));
    const selected = run(selection);
    expect(selected.saved).toBe(4 * batch * tokens * features);
    // Rows 1, 0, 3, 5 of the table are those of the selected tokens.
    const rows = [...table.read()];
    const expected = Array.from({ length: features }, (_, feature) =>
      [1, 0, 3, 5].reduce((sum, row) => sum + rows[row * features + feature]!, 0),
    );
    selected.gradients[1]!.forEach((value, index) => expect(value).toBeCloseTo(expected[index]!, 5));
    selection.release();
    factors.requiresGrad = false;
    expect(run(undefined)).toMatchObject({ saved: 0, gradients: [expect.any(Array), undefined] });
    table.release();
    factors.release();
  });
});
