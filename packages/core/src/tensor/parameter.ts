import { UsageError } from '../errors/errors.js';
import type { BirthCategory } from '../memory/categories.js';
import { messages } from '../messages.js';
import { equalShapes, type FloatStorageDType, type StorageDType } from './dtype.js';
import { castStorage, fillAs } from '../kernels/storage.js';
import { holdsValues, memoryMeter, parameterStorage, withCategory } from './runtime.js';
import { Tensor, placeholder, tensorFrom } from './tensor.js';
import { keep, scope } from './scope.js';

/**
 * A leaf that training changes: a tensor whose value can be replaced in place. Parameters are owned by their
 * module, never by a scope.
 */
export class Parameter extends Tensor {
  /** A float32 parameter that requires a gradient, from host values. */
  static from(
    values: Float32Array | readonly number[],
    shape: readonly number[],
    category: BirthCategory = 'parameters',
  ): Parameter {
    const held = () => scope(() => castStorage(tensorFrom(values, shape), parameterStorage()));
    return Parameter.takeOver(withCategory(category, held));
  }

  /** A parameter whose elements are all `value`, made on the backend: nothing is copied from the host. */
  static filled(
    shape: readonly number[],
    value: number,
    {
      category = 'parameters',
      storage = parameterStorage(),
    }: { readonly category?: BirthCategory; readonly storage?: StorageDType } = {},
  ): Parameter {
    return Parameter.takeOver(withCategory(category, () => fillAs(shape, value, storage)));
  }

  /** A parameter whose value is still to come: it is counted whole, and holds nothing until `assign`. */
  static pending(shape: readonly number[]): Parameter {
    // Other storage than float32 is known to kernels only: zeros stand there until then.
    if (!holdsValues() || parameterStorage() !== 'float32') return Parameter.filled(shape, 0);
    return Parameter.takeOver(withCategory('parameters', () => placeholder(shape)));
  }

  /** Takes over host values, held as the parameter is; the array is given away. */
  fill(values: Float32Array): void {
    scope(() => this.assign(castStorage(tensorFrom(values, this.shape, 'float32', 'take'), this.storageDtype)));
  }

  /** Holds the same value in another storage. @throws EnvironmentError where the backend has no such storage */
  holdAs(storage: FloatStorageDType): void {
    if (this.storageDtype !== storage) scope(() => this.replaceBy(castStorage(this, storage)));
  }

  private static takeOver(tensor: Tensor): Parameter {
    const { shape } = tensor;
    const parameter = keep(new Parameter(tensor.handleFor('Parameter', 'values'), tensor.storage, shape, tensor.dtype));
    parameter.requiresGrad = true;
    abandon(keep(tensor));
    return parameter;
  }

  /**
   * Takes over the value (and the reference) of `next`; the old value dies.
   * @throws UsageError for another shape or dtype, or where one of both was released
   */
  assign(next: Tensor): void {
    this.handleFor('Parameter.assign', 'this');
    this.assertSameKind(next);
    this.replaceBy(next);
  }

  private replaceBy(next: Tensor): void {
    const handle = next.handleFor('Parameter.assign', 'next');
    const storage = next.storage;
    keep(next);
    memoryMeter().recategorize(storage, this.storage.birthCategory);
    this.liveHandle?.dispose();
    this.storage.references -= 1;
    if (this.storage.references === 0) memoryMeter().free(this.storage);
    this.liveHandle = handle;
    this.storage = storage;
    storage.references += 1;
    abandon(next);
  }

  private assertSameKind(next: Tensor): void {
    const where = 'Parameter.assign';
    if (next.dtype !== this.dtype) {
      throw new UsageError(messages.dtypeMismatch(where, this.dtype, next.dtype), { code: 'LEANTUNE_DTYPE' });
    }
    if (next.storageDtype !== this.storageDtype) {
      const message = messages.dtypeMismatch(where, this.storageDtype, next.storageDtype);
      throw new UsageError(message, { code: 'LEANTUNE_DTYPE' });
    }
    if (!equalShapes(next.shape, this.shape)) {
      const expected = `[${this.shape.join(', ')}]`;
      throw new UsageError(messages.shapeMismatch(where, expected, next.shape), { code: 'LEANTUNE_SHAPE' });
    }
  }
}

/** Forgets a tensor object whose handle now belongs to another one. */
function abandon(tensor: Tensor): void {
  tensor.surrenderHandle();
}
