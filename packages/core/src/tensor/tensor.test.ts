import { describe, expect, it } from 'vitest';
import { OutOfMemoryError, UsageError } from '../errors/errors.js';
import { consume } from '../kernels/dispatch.js';
import { add, multiply } from '../kernels/elementwise.js';
import { reshape } from '../kernels/shape.js';
import { describeOnBackends } from '../testing/backends.js';
import { bytesPerElement, elementCount } from './dtype.js';
import { Parameter } from './parameter.js';
import { memoryMeter, withCategory } from './runtime.js';
import { keep, openScopes, scope } from './scope.js';
import { TokenSelection } from './selection.js';
import { tensorFrom, type Tensor } from './tensor.js';

/** Expected bytes are counted by hand: 4 a float32 or int32 element, 1 a bool. */
const ones = (count: number): Tensor => tensorFrom(new Float32Array(count).fill(1), [count]);
const live = () => memoryMeter().liveBytes;

describe('dtypes and shapes', () => {
  it('have sizes', () => {
    expect([bytesPerElement('float32'), bytesPerElement('int32'), bytesPerElement('bool')]).toEqual([4, 4, 1]);
    expect([elementCount([2, 3, 4]), elementCount([]), elementCount([5, 0])]).toEqual([24, 1, 0]);
  });
});

await describeOnBackends('tensors', () => {
  describe('scope', () => {
    it('frees what it does not return, keeps what it does, nested in plain structures too', () => {
      const { list, alone } = scope(() => {
        const a = ones(1);
        const b = ones(2);
        ones(100);
        return { list: [a, { deep: b }] as const, alone: ones(3), text: 'x', nothing: undefined, no: null };
      });
      expect(live()).toBe(4 + 8 + 12);
      list[0].release();
      list[1].deep.release();
      alone.release();
    });

    it('hands its result to the enclosing scope', () => {
      scope(() => {
        const inner = scope(() => add(ones(5), ones(5)));
        expect(live()).toBe(20);
        expect([...inner.read()]).toEqual([2, 2, 2, 2, 2]);
      });
      expect(live()).toBe(0);
    });

    it('does not free what was made outside, returned or not', () => {
      const outside = ones(4);
      expect(scope(() => outside)).toBe(outside);
      scope(() => [outside, add(outside, 1).read().length]);
      expect(live()).toBe(16);
      outside.release();
    });

    it('survives results that contain themselves', () => {
      const loop: { self?: unknown; tensor?: Tensor } = {};
      loop.self = loop;
      scope(() => {
        loop.tensor = ones(2);
        return loop;
      });
      expect(live()).toBe(8);
      loop.tensor!.release();
    });

    it('closes and frees everything when its body throws', () => {
      expect(() =>
        scope(() => {
          ones(3);
          scope(() => {
            ones(4);
            throw new Error('inside');
          });
        }),
      ).toThrow('inside');
      expect(openScopes()).toBe(0);
      expect(live()).toBe(0);
    });

    it('leaves to the maker what is made outside any', () => {
      const tensor = ones(2);
      expect(live()).toBe(8);
      tensor.release();
      expect(tensor.isReleased).toBe(true);
    });
  });

  describe('ownership', () => {
    it('keep takes a tensor out of all scopes', () => {
      const kept = scope(() =>
        scope(() => {
          const tensor = keep(ones(2));
          ones(3);
          return { tensor };
        }),
      ).tensor;
      expect(live()).toBe(8);
      kept.release();
    });

    it('keep reaches into an outer scope', () => {
      const kept = scope(() => {
        const tensor = ones(2);
        scope(() => keep(tensor));
        return new Map([['x', tensor]]); // a scope does not look into a Map
      });
      expect(live()).toBe(8);
      kept.get('x')!.release();
    });

    it('retain outlives the scope, release ends it', () => {
      const retained = scope(() => ({ wrapped: new Map([['x', ones(2).retain()]]) })).wrapped.get('x')!;
      expect(live()).toBe(8);
      expect([...retained.read()]).toEqual([1, 1]);
      retained.release();
      expect(live()).toBe(0);
    });

    it('a released tensor says who wanted it, and what to do', () => {
      const tensor = tensorFrom(new Float32Array(6), [2, 3]);
      tensor.release();
      const use = () => scope(() => add(tensor, 1));
      expect(use).toThrow(UsageError);
      expect(use).toThrow(
        expect.objectContaining({
          message: 'Add: input "a" of shape [2, 3] was released already; retain() it or move it out of its scope',
          code: 'LEANTUNE_TENSOR_RELEASED',
        }),
      );
      expect(() => tensor.read()).toThrow('read: input "value" of shape [2, 3] was released already');
    });

    it('a gradient dies with its leaf', () => {
      const leaf = ones(2);
      leaf.gradient = ones(2);
      expect(live()).toBe(16);
      leaf.release();
      expect(live()).toBe(0);
    });
  });

  describe('consume', () => {
    it('frees a temporary right after its last reader, before the scope ends', () => {
      scope(() => {
        const meter = memoryMeter();
        const a = ones(10); // 40
        meter.resetPeak();
        const result = add(consume(multiply(consume(add(a, 1)), 3)), 2);
        // a and two generations of temporaries at most.
        expect(meter.snapshot().peakBytes).toBe(120);
        expect(live()).toBe(80);
        expect([...result.read()]).toEqual(new Array(10).fill(8));
      });
    });

    it('frees an input that is read twice by one kernel once', () => {
      scope(() => {
        const temporary = consume(ones(4));
        const square = multiply(temporary, temporary);
        expect(temporary.isReleased).toBe(true);
        expect(live()).toBe(16);
        expect([...square.read()]).toEqual([1, 1, 1, 1]);
      });
    });

    it('leaves the references of others alone', () => {
      scope(() => {
        const shared = ones(4).retain();
        add(consume(shared), 1);
        expect(shared.isReleased).toBe(false);
        // The mark is used up: the next reader does not release again.
        add(shared, 1);
        expect(shared.isReleased).toBe(false);
        shared.release();
        expect(shared.isReleased).toBe(true);
      });
    });

    it('gives the buffer of a view to the view', () => {
      scope(() => {
        const view = reshape(consume(ones(4)), [2, 2]);
        expect(live()).toBe(16);
        expect([...view.read()]).toEqual([1, 1, 1, 1]);
      });
    });
  });

  describe('host values', () => {
    it('are copied: later changes do not reach the tensor', () => {
      const values = Float32Array.of(1, 2);
      const tensor = tensorFrom(values, [2]);
      values[0] = 9;
      expect([...tensor.read()]).toEqual([1, 2]);
      tensor.release();
    });

    it('must be as many as the shape needs', () => {
      expect(() => tensorFrom([1, 2, 3], [2, 2])).toThrow(
        expect.objectContaining({ message: 'tensor of shape [2, 2] needs 4 values, found 3', exitCode: 2 }),
      );
    });

    it('item wants one element', () => {
      scope(() => {
        expect(tensorFrom([2.5], [1, 1]).item()).toBe(2.5);
        expect(() => ones(2).item()).toThrow('item: expected shape of one element, found [2]');
      });
    });
  });

  describe('Parameter', () => {
    it('belongs to no scope and requires a gradient', () => {
      const parameter = scope(() => ({ hidden: new Map([['p', Parameter.from([1, 2], [2])]]) })).hidden.get('p')!;
      expect(parameter.requiresGrad).toBe(true);
      expect(memoryMeter().liveByCategory.parameters).toBe(8);
      expect([...parameter.read()]).toEqual([1, 2]);
      parameter.release();
    });

    it('assign takes the new value over, in its own category, and frees the old one', () => {
      const parameter = Parameter.from([1, 2, 3], [3]);
      scope(() => {
        const next = add(parameter, 10);
        expect(memoryMeter().liveByCategory).toMatchObject({ parameters: 12, workspace: 12 });
        parameter.assign(next);
        expect(next.isReleased).toBe(true);
        expect(memoryMeter().liveByCategory).toMatchObject({ parameters: 12, workspace: 0 });
      });
      expect([...parameter.read()]).toEqual([11, 12, 13]);
      parameter.release();
    });

    it('assign keeps the category of optimiser state', () => {
      const state = Parameter.from([0], [1], 'optimizerState');
      scope(() => state.assign(add(state, 1)));
      expect(memoryMeter().liveByCategory.optimizerState).toBe(4);
      state.release();
    });

    it('assign of a view of itself changes nothing', () => {
      const parameter = Parameter.from([1, 2], [2]);
      scope(() => parameter.assign(reshape(parameter, [2])));
      expect(live()).toBe(8);
      expect([...parameter.read()]).toEqual([1, 2]);
      parameter.release();
    });

    it('assign refuses another shape or type, and a released parameter', () => {
      const parameter = Parameter.from([1, 2], [2]);
      scope(() => {
        expect(() => parameter.assign(ones(3))).toThrow('Parameter.assign: expected shape [2], found [3]');
        expect(() => parameter.assign(tensorFrom([1, 2], [2], 'int32'))).toThrow(
          'Parameter.assign: expected dtype float32, found int32',
        );
      });
      expect([...parameter.read()]).toEqual([1, 2]);
      parameter.release();
      expect(live()).toBe(0);
      scope(() => {
        expect(() => parameter.assign(ones(2))).toThrow('Parameter.assign: input "this" of shape [2] was released');
      });
    });

    it('assign takes the value from whoever still refers to it', () => {
      const parameter = Parameter.from([1, 2], [2]);
      const next = ones(2).retain();
      parameter.assign(next);
      next.release(); // the other reference: must not free what is the parameter's now
      expect(live()).toBe(8);
      expect(memoryMeter().liveByCategory.parameters).toBe(8);
      next.release();
      expect(live()).toBe(8);
      expect([...parameter.read()]).toEqual([1, 1]);
      parameter.release();
    });
  });

  describe('TokenSelection', () => {
    it('gathers the rows of its positions, and counts as batch', () => {
      scope(() => {
        const selection = new TokenSelection(2, 3, 2, Int32Array.of(0, 2, 1, 0), Int32Array.of(1, 1, 1, 0));
        expect(memoryMeter().liveByCategory.batch).toBe(4 * 4 + 4 * 4); // rows and slot mask
        expect([...selection.rows.read()]).toEqual([0, 2, 4, 3]);
        expect([...selection.slotMask!.read()]).toEqual([1, 1, 1, 0]);
        // Row r of the second example is 10 + r.
        const x = tensorFrom([0, 1, 2, 10, 11, 12], [2, 3, 1]);
        expect([...selection.gatherRows(x).read()]).toEqual([0, 2, 11, 10]);
        // Two heads: [batch · heads, length] rows, the same positions in each head.
        expect([...selection.headRows(2).read()]).toEqual([0, 2, 3, 5, 7, 6, 10, 9]);
        expect(selection.headRows(2)).toBe(selection.headRows(2));
        selection.release();
        expect(memoryMeter().liveByCategory.batch).toBe(0);
      });
    });

    it('leaves nothing behind where it does not fit', () => {
      memoryMeter().limitBytes = 20;
      try {
        expect(() => new TokenSelection(1, 4, 4, Int32Array.of(0, 1, 2, 3), Int32Array.of(1, 1, 1, 0))).toThrow(
          OutOfMemoryError,
        );
      } finally {
        memoryMeter().limitBytes = undefined;
      }
      expect(live()).toBe(0);
    });
  });

  it('withCategory gives the category back after an error', () => {
    expect(() =>
      withCategory('batch', () => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    scope(() => {
      ones(1);
      expect(memoryMeter().liveByCategory).toMatchObject({ batch: 0, workspace: 4 });
    });
  });
});
