import { describe, expect, it } from 'vitest';
import { LeantuneError, UsageError } from './errors/errors.js';
import { embedding } from './ops/embedding.js';
import { add } from './ops/arithmetic.js';
import { reshape } from './ops/reshape.js';
import { tokenAt, weightedTokenSum } from './ops/tokens.js';
import { Parameter } from './tensor/parameter.js';
import { scope } from './tensor/scope.js';
import { TokenSelection, withSelection } from './tensor/selection.js';
import { tensorFrom } from './tensor/tensor.js';
import { describeOnBackends } from './testing/backends.js';

/** The texts that no other test of this package quotes, at the place where users meet them. */
describe('before a backend is active', () => {
  it('tensors say what to do first', () => {
    expect(() => tensorFrom([1], [1])).toThrow(UsageError);
    expect(() => tensorFrom([1], [1])).toThrow(
      expect.objectContaining({
        message: 'no backend is active: call useBackend(await loadBackend()) before tensors are made',
        code: 'LEANTUNE_NO_BACKEND',
        exitCode: 2,
      }),
    );
  });
});

await describeOnBackends('token selections', () => {
  const select = (selection: TokenSelection, table: Parameter) =>
    embedding(withSelection(tensorFrom([0, 1, 1], [1, 3], 'int32'), selection), table);

  it('that differ, and ops that cannot keep one, are named', () => {
    const table = Parameter.from([1, 2, 3, 4], [2, 2]);
    const make = () => new TokenSelection(1, 3, 1, Int32Array.of(1), Int32Array.of(1));
    const [first, second] = [make(), make()];
    scope(() => {
      const [a, b] = [select(first, table), select(second, table)];
      const failures: [() => unknown, string][] = [
        [
          () => add(a, b),
          'add: its inputs carry different token selections; all inputs of one op must come from the same micro-batch',
        ],
        ...(['reshape', 'tokenAt', 'weightedTokenSum'] as const).map((operation): [() => unknown, string] => [
          () =>
            operation === 'reshape'
              ? reshape(a, [6])
              : operation === 'tokenAt'
                ? tokenAt(a, 0)
                : weightedTokenSum(a, tensorFrom([1, 1, 1], [1, 1, 3])),
          `${operation}: an input carries a token selection, which this op cannot keep; take selectedRows() first`,
        ]),
      ];
      for (const [run, message] of failures) {
        expect(run).toThrow(LeantuneError);
        expect(run).toThrow(expect.objectContaining({ message, code: 'LEANTUNE_SELECTION' }));
      }
      a.node?.release();
      b.node?.release();
    });
    for (const selection of [first, second]) selection.release();
    table.release();
  });
});
