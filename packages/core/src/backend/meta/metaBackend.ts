import { KernelBackend, type BackendTimingInfo, type TensorInfo } from '@tensorflow/tfjs-core';
import { UsageError } from '../../errors/errors.js';
import { messages } from '../../messages.js';
import { elementTypeOf, type DType, type StorageDType } from '../../tensor/dtype.js';

/** All that a buffer of the meta backend is: how it would be held, and how many tensors share it. */
export class MetaBuffer {
  references = 1;
  constructor(readonly storage: StorageDType) {}
}

/** Buffers without bytes: a data id is the buffer itself. */
export class MetaBackend extends KernelBackend {
  private buffers = 0;

  /** A new buffer for a kernel's output. */
  allocate(shape: readonly number[], storage: StorageDType): TensorInfo {
    this.buffers += 1;
    return { dataId: new MetaBuffer(storage), shape: [...shape], dtype: elementTypeOf(storage) };
  }

  /** The values are not looked at. */
  override write(_values: unknown, _shape: number[], dtype: DType): MetaBuffer {
    this.buffers += 1;
    return new MetaBuffer(dtype);
  }

  override incRef(dataId: object): void {
    (dataId as MetaBuffer).references += 1;
  }

  override refCount(dataId: object): number {
    return (dataId as MetaBuffer).references;
  }

  override disposeData(dataId: object, force = false): boolean {
    const buffer = dataId as MetaBuffer;
    buffer.references -= 1;
    if (!force && buffer.references > 0) return false;
    this.buffers -= 1;
    return true;
  }

  override numDataIds(): number {
    return this.buffers;
  }

  override read(): Promise<never> {
    return Promise.reject(noValues());
  }

  override readSync(): never {
    throw noValues();
  }

  override time(): Promise<BackendTimingInfo> {
    return Promise.reject(noValues());
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true }; // of tfjs's own count: the meter is exact
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override dispose(): void {
    this.buffers = 0;
  }
}

function noValues(): UsageError {
  return new UsageError(messages.noValues(), { code: 'LEANTUNE_NO_VALUES', remedy: messages.noValuesRemedy() });
}
