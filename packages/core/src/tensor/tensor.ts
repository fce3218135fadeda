import { engine, type TensorInfo } from '@tensorflow/tfjs-core';
import type { GraphNode } from '../autograd/node.js';
import type { Recipe } from '../autograd/saved.js';
import { UsageError } from '../errors/errors.js';
import { Storage } from '../memory/storage.js';
import { messages } from '../messages.js';
import { bytesPerElement, elementCount, type DType, type StorageDType } from './dtype.js';
import { activeBackend, currentCategory, holdsValues, memoryMeter } from './runtime.js';
import { trackInScope } from './scope.js';
import type { TokenSelection } from './selection.js';

/** The backend's own tensor; disposing it is the only way a buffer dies. */
export type Handle = TensorInfo & { dispose(): void };

/**
 * An array on the active backend with explicit reference counts: it is born with one reference, which belongs to
 * the innermost open scope. `retain` and `release` move the count; at zero the backend's buffer is freed at once.
 */
export class Tensor {
  /** Whether the backward pass must compute a gradient of this value. */
  requiresGrad = false;
  /** The operation that made it, while gradients are recorded. */
  node: GraphNode | undefined;
  /** Which of the operation's outputs it is. */
  nodeOutput = 0;
  /** Accumulated gradient of a leaf; owned by the leaf. */
  gradient: Tensor | undefined;
  /** Which token rows keep activations and get gradients; the gradient of such a tensor has only these rows. */
  selection: TokenSelection | undefined;
  /** How to compute this value again from others (saving policy `lean`); owned by the tensor. */
  recipe: Recipe | undefined;
  /** The selected rows, gathered once for all who save them; owned by the tensor. */
  gatheredRows: Tensor | undefined;

  /** The next kernel that reads this value is its last reader, see `consume`. */
  isConsumed = false;

  protected liveHandle: Handle | undefined;
  private references = 1;

  constructor(
    handle: Handle,
    public storage: Storage,
    readonly shape: readonly number[],
    readonly dtype: DType,
  ) {
    this.liveHandle = handle;
    storage.references += 1;
    if (storage.references === 1) {
      try {
        memoryMeter().allocate(storage);
      } catch (error) {
        handle.dispose();
        throw error;
      }
    }
    trackInScope(this);
  }

  /** Number of elements. */
  get size(): number {
    return elementCount(this.shape);
  }

  get bytes(): number {
    return this.size * bytesPerElement(this.storageDtype);
  }

  /** How the buffer holds its elements. */
  get storageDtype(): StorageDType {
    return this.storage.dtype;
  }

  get isReleased(): boolean {
    return this.liveHandle === undefined;
  }

  /** The backend's tensor. @throws UsageError after release. */
  handleFor(user: string, input: string): Handle {
    if (this.liveHandle === undefined) {
      throw new UsageError(messages.tensorReleased(user, input, this.shape), { code: 'LEANTUNE_TENSOR_RELEASED' });
    }
    return this.liveHandle;
  }

  retain(): this {
    this.references += 1;
    return this;
  }

  release(): void {
    this.references -= 1;
    if (this.references === 0) this.free();
  }

  /** Copies the values to the host. Waits for the device. */
  read(): Float32Array | Int32Array | Uint8Array {
    const handle = this.handleFor('read', 'value');
    return activeBackend().kernels.readSync(handle.dataId) as Float32Array | Int32Array | Uint8Array;
  }

  /** The only element as a number. */
  item(): number {
    const value = this.read()[0];
    if (this.size !== 1 || value === undefined) {
      throw new UsageError(messages.shapeMismatch('item', 'of one element', this.shape), { code: 'LEANTUNE_SHAPE' });
    }
    return value;
  }

  /** Gives the backend's tensor away to another object: this one is released without freeing the buffer. */
  surrenderHandle(): void {
    this.liveHandle = undefined;
    this.storage.references -= 1;
    this.dropCompanions();
  }

  protected free(): void {
    if (this.liveHandle === undefined) return; // surrendered: the buffer belongs to another object
    this.dropCompanions();
    this.liveHandle.dispose();
    this.liveHandle = undefined;
    this.storage.references -= 1;
    if (this.storage.references === 0) memoryMeter().free(this.storage);
  }

  /** Lets go of what lives and dies with the value. */
  private dropCompanions(): void {
    this.gatheredRows?.release();
    this.gatheredRows = undefined;
    this.recipe?.release();
    this.recipe = undefined;
    this.gradient?.release();
    this.gradient = undefined;
  }
}

/** Wraps a fresh buffer of the backend in the current category. */
export function wrapHandle(handle: Handle, shape: readonly number[], dtype: DType): Tensor {
  const held = activeBackend().extendedStorage?.dtypeOf(handle.dataId) ?? dtype;
  const storage = new Storage(elementCount(shape) * bytesPerElement(held), currentCategory(), held);
  return new Tensor(handle, storage, shape, dtype);
}

/**
 * A tensor from host values (row-major), copied to the backend.
 * @param ownership `take`: the caller gives the array away, so that no copy of it is made
 */
export function tensorFrom(
  values: Float32Array | Int32Array | Uint8Array | readonly number[],
  shape: readonly number[],
  dtype: DType = 'float32',
  ownership: 'copy' | 'take' = 'copy',
): Tensor {
  const expected = elementCount(shape);
  if (values.length !== expected) {
    throw new UsageError(messages.dataLength(shape, expected, values.length), { code: 'LEANTUNE_SHAPE' });
  }
  const held = holdsValues() ? toTyped(values, dtype, ownership) : new Float32Array(0);
  const handle = engine().makeTensor(held, [...shape], dtype);
  return wrapHandle(handle, shape, dtype);
}

/** A float32 tensor of which only one number exists: to be replaced before it is read. */
export function placeholder(shape: readonly number[]): Tensor {
  activeBackend();
  return wrapHandle(engine().makeTensor(new Float32Array(1), [1], 'float32'), shape, 'float32');
}

/** tfjs keeps the array that it is given: values that the caller may change are copied. */
function toTyped(
  values: Float32Array | Int32Array | Uint8Array | readonly number[],
  dtype: DType,
  ownership: 'copy' | 'take',
): Float32Array | Int32Array | Uint8Array {
  if (ownership === 'take' && values instanceof Float32Array && dtype === 'float32') return values;
  if (dtype === 'float32') return new Float32Array(values);
  if (dtype === 'int32') return new Int32Array(values);
  return new Uint8Array(values);
}
