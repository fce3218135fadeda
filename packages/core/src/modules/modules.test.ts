import { describe, expect, it } from 'vitest';
import { noGrad } from '../autograd/gradMode.js';
import { graphScope } from '../autograd/node.js';
import { LeantuneError } from '../errors/errors.js';
import { streamKey } from '../random/stream.js';
import { Parameter } from '../tensor/parameter.js';
import { memoryMeter } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';
import { describeOnBackends } from '../testing/backends.js';
import { stepContext, withStepContext } from './context.js';
import { RandomParameterSource } from './initialization.js';
import { Dropout, Linear } from './layers.js';
import { Module } from './module.js';

const source = (seed = 1) => new RandomParameterSource(seed, 0.02);

/** Keeps the wrapped module's names. */
class Wrapper extends Module<[x: Tensor], Tensor> {
  constructor(readonly inner: Linear) {
    super();
    this.addChild('', inner);
    this.addParameter('extra', Parameter.from([0], [1]));
  }
  protected forward(x: Tensor): Tensor {
    return this.inner.call(x);
  }
}

class Pair extends Module<[x: Tensor], Tensor> {
  readonly first = this.addChild('first', new Linear(2, 2, source().child('first')));
  readonly second = this.addChild('second', new Linear(2, 2, source().child('second'), { bias: false }));
  readonly dropout = this.addChild('dropout', new Dropout(0.5));
  layers: string[] = [];

  protected forward(x: Tensor): Tensor {
    const middle = this.first.call(x);
    this.layers.push(memoryMeter().layer);
    return this.second.call(middle);
  }
  wrapSecond(): Wrapper {
    return this.replaceChild('second', new Wrapper(this.second));
  }
  addTwice(): void {
    this.addChild('first', new Dropout(0));
  }
}

class Root extends Module<[x: Tensor], Tensor> {
  readonly pair = this.addChild('pair', new Pair());
  protected forward(x: Tensor): Tensor {
    return this.pair.call(x);
  }
}

await describeOnBackends('modules', () => {
  it('name their parameters from the root, in order of registration', () => {
    const root = new Root();
    expect([...root.namedParameters()].map(([name]) => name)).toEqual([
      'pair.first.weight',
      'pair.first.bias',
      'pair.second.weight',
    ]);
    expect([root.path, root.pair.path, root.pair.second.path]).toEqual(['', 'pair', 'pair.second']);
    expect([...root.modules()]).toEqual([root, root.pair, root.pair.first, root.pair.second, root.pair.dropout]);
    root.release();
  });

  it('wrap another one without changing its names', () => {
    const root = new Root();
    const wrapper = root.pair.wrapSecond();
    expect([...root.namedParameters()].map(([name]) => name)).toEqual([
      'pair.first.weight',
      'pair.first.bias',
      'pair.second.extra',
      'pair.second.weight',
    ]);
    expect([wrapper.path, wrapper.inner.path]).toEqual(['pair.second', 'pair.second']);
    root.release();
  });

  it('refuse two members of one name', () => {
    const root = new Root();
    expect(() => root.pair.addTwice()).toThrow(LeantuneError);
    expect(() => root.pair.addTwice()).toThrow('module pair has two members named "first"');
    const alone = new Pair();
    expect(() => alone.addTwice()).toThrow('module (root) has two members named "first"');
    alone.release();
    root.release();
  });

  it('run under their path and free what they do not return', () => {
    const root = new Root();
    const before = memoryMeter().liveBytes;
    graphScope(() =>
      scope(() => {
        const x = tensorFrom([1, 2], [1, 2]);
        const output = root.call(x);
        expect(memoryMeter().liveBytes).toBe(before + x.bytes + output.bytes + 8); // the second linear saved its input
      }),
    );
    expect(memoryMeter().liveBytes).toBe(before);
    expect(root.pair.layers).toEqual(['pair']);
    expect(memoryMeter().layer).toBe('');
    root.release();
  });

  it('Linear is x Wᵀ + b', () => {
    const linear = new Linear(2, 2, source());
    scope(() => {
      linear.weight.assign(tensorFrom([1, 2, 3, 4], [2, 2]));
      linear.bias!.assign(tensorFrom([10, 20], [2]));
      const output = noGrad(() => linear.call(tensorFrom([1, 1], [1, 2])));
      expect([...output.read()]).toEqual([13, 27]);
    });
    linear.release();
  });

  it('Dropout draws from a stream named after its path and the step, in training only', () => {
    const root = new Root();
    const { dropout } = root.pair;
    expect(dropout.stream()).toBeUndefined();
    const at = (microStep: number, seed = 7) =>
      withStepContext({ training: true, seed, microStep }, () => dropout.stream());
    expect(at(3)).toEqual({ rate: 0.5, key: streamKey(7, 'dropout', 'pair.dropout', 3) });
    expect(at(4)).not.toEqual(at(3));
    expect(at(3, 8)).not.toEqual(at(3));
    expect(withStepContext({ training: true, seed: 7, microStep: 0 }, () => new Dropout(0).stream())).toBeUndefined();
    expect(() =>
      withStepContext({ training: true, seed: 7, microStep: 0 }, () => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(stepContext().training).toBe(false);
    root.release();
  });

  describe('RandomParameterSource', () => {
    it('gives every name its own values, the same ones for the same seed', () => {
      const values = (seed: number, name: string) => {
        const parameter = source(seed).child('a').parameter(name, [50], 'normal');
        const result = [...parameter.read()];
        parameter.release();
        return result;
      };
      expect(values(1, 'x')).toEqual(values(1, 'x'));
      expect(values(1, 'x')).not.toEqual(values(1, 'y'));
      expect(values(1, 'x')).not.toEqual(values(2, 'x'));
    });

    it('follows the initialisers', () => {
      const n = 10_000;
      const make = (initializer: 'zeros' | 'ones' | 'normal' | 'kaimingUniform') => {
        const parameter = source().parameter('p', [n / 25, 25], initializer);
        const result = [...parameter.read()];
        parameter.release();
        return result;
      };
      expect(new Set(make('zeros'))).toEqual(new Set([0]));
      expect(new Set(make('ones'))).toEqual(new Set([1]));
      const meanSquare = (values: number[]) => values.reduce((total, value) => total + value ** 2, 0) / n;
      // Standard error of a normal's mean square: σ² √(2/n); four of them.
      expect(Math.abs(meanSquare(make('normal')) / 0.02 ** 2 - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
      const uniform = make('kaimingUniform');
      expect(Math.max(...uniform.map(Math.abs))).toBeLessThanOrEqual(0.2); // 1/√25
      // Variance of a uniform in ±0.2: 0.04/3; standard error of its mean square: variance · √(0.8/n).
      expect(Math.abs(meanSquare(uniform) / (0.04 / 3) - 1)).toBeLessThan(4 * Math.sqrt(0.8 / n));
    });
  });
});
