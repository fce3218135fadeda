import {
  DataStorage,
  KernelBackend,
  engine,
  type BackendValues,
  type DataId,
  type DataType,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { EnvironmentError, UsageError, type DType, type StorageDType } from '@leantune/core';
import { elementTypeOf } from '@leantune/core/backend';
import { messages } from '../messages.js';
import type { TorchAddon } from '../native/addon.js';
import { CallWriter, codeOfStorage, storageOfCode } from './call.js';
import { outOfMemoryError } from './outOfMemory.js';
import { TorchMeter } from './torchMeter.js';

/** What stands behind a tfjs data id: a tensor of libtorch, or strings, which stay on the host. */
interface Entry {
  /** Number of the tensor; none where there are strings. */
  readonly handle?: number;
  readonly strings?: Uint8Array[];
  readonly storage?: StorageDType;
  references: number;
}

export interface RunOptions {
  /** How the result is held; default: as the kernel makes it. */
  readonly storage?: StorageDType | undefined;
}

/**
 * tfjs's backend over libtorch. Buffers are counted by tfjs's engine and freed at once when their count is zero;
 * views (`Reshape`) share a data id. Kernels return before a GPU has computed: only reading waits.
 */
export class TorchBackend extends KernelBackend {
  private readonly data = new DataStorage<Entry>(this, engine());
  /** Ids of this backend: `DataStorage` cannot list them. */
  private readonly live = new Set<DataId>();
  private readonly writer = new CallWriter((tensor) => this.handleOf(tensor));
  private readonly numbers: ReadonlyMap<string, number>;
  /** Of libtorch's own allocator; not the logical bytes of leantune's meter. */
  readonly meter: TorchMeter;

  constructor(
    private readonly addon: TorchAddon,
    /** E.g. `cpu` or `cuda:0`. */
    readonly device: string,
  ) {
    super();
    addon.attach(this.writer.scratch);
    this.numbers = new Map(addon.kernels.map((name, number) => [name, number]));
    this.meter = new TorchMeter(addon, this.writer.scratch, device);
  }

  /** Runs the kernel of this name in `native` with the arguments that `encode` writes; its first result. */
  run(kernel: string, encode: (call: CallWriter) => void, options: RunOptions = {}): TensorInfo {
    return this.runAll(kernel, encode, options)[0]!;
  }

  runAll(kernel: string, encode: (call: CallWriter) => void, { storage }: RunOptions = {}): TensorInfo[] {
    const number = this.numbers.get(kernel);
    if (number === undefined) throw kernelNotCompiled(kernel);
    encode(this.writer.start(storage));
    this.guarded(kernel, () => this.addon.call(number));
    const { scratch } = this.writer;
    let next = 1;
    return Array.from({ length: scratch[0]! }, () => {
      const handle = scratch[next]!;
      const held = storageOfCode(scratch[next + 1]!);
      const start = next + 3;
      next = start + scratch[next + 2]!;
      const dataId = {};
      this.keep(dataId, { handle, storage: held, references: 1 });
      return { dataId, shape: Array.from(scratch.subarray(start, next)), dtype: elementTypeOf(held) };
    });
  }

  /** The same buffer in another shape. */
  view({ dataId, dtype }: TensorInfo, shape: readonly number[]): TensorInfo {
    this.incRef(dataId);
    return { dataId, shape: [...shape], dtype };
  }

  /** How the buffer behind a data id is held. */
  storageOf(dataId: DataId): StorageDType {
    return this.data.get(dataId).storage ?? 'float32';
  }

  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    const dataId = {};
    this.move(dataId, values, shape, dtype, 1);
    return dataId;
  }

  override move(dataId: DataId, values: BackendValues, shape: number[], dtype: DataType, references: number): void {
    if (dtype === 'string') {
      this.keep(dataId, { strings: values as Uint8Array[], references });
      return;
    }
    const storage = dtype as StorageDType;
    this.writer.start().storage(dtype).numbers(shape);
    const handle = this.guarded('write', () => this.addon.write(typedArray(values, dtype as DType)));
    this.keep(dataId, { handle, storage, references });
  }

  override readSync(dataId: DataId): BackendValues {
    const { handle, storage, strings } = this.data.get(dataId);
    if (handle === undefined || storage === undefined) return strings!;
    const dtype = elementTypeOf(storage);
    const bytes = this.guarded('read', () => this.addon.read(handle, codeOfStorage(dtype)));
    if (dtype === 'float32') return new Float32Array(bytes);
    return dtype === 'int32' ? new Int32Array(bytes) : new Uint8Array(bytes);
  }

  override async read(dataId: DataId): Promise<BackendValues> {
    return this.readSync(dataId);
  }

  override refCount(dataId: DataId): number {
    return this.data.has(dataId) ? this.data.get(dataId).references : 0;
  }

  override incRef(dataId: DataId): void {
    this.data.get(dataId).references += 1;
  }

  override disposeData(dataId: DataId, force = false): boolean {
    if (!this.data.has(dataId)) return true;
    const entry = this.data.get(dataId);
    entry.references -= 1;
    if (!force && entry.references > 0) return false;
    if (entry.handle !== undefined) this.addon.drop(entry.handle);
    this.live.delete(dataId);
    this.data.delete(dataId);
    return true;
  }

  override numDataIds(): number {
    return this.live.size;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: false };
  }

  /** Waits until the device has computed everything that was asked for. */
  synchronize(): void {
    this.addon.synchronize();
  }

  override async time(work: () => void): Promise<{ kernelMs: number }> {
    this.synchronize();
    const start = performance.now();
    work();
    this.synchronize();
    return { kernelMs: performance.now() - start };
  }

  override timerAvailable(): boolean {
    return true;
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7; // tfjs's for float32
  }

  override dispose(): void {
    for (const dataId of [...this.live]) this.disposeData(dataId, true);
  }

  private keep(dataId: DataId, entry: Entry): void {
    this.data.set(dataId, entry);
    this.live.add(dataId);
  }

  /** @throws UsageError for a tensor of another backend */
  private handleOf({ dataId, dtype }: TensorInfo): number {
    // tfjs would fetch it from the backend that holds it, through the host and without a word.
    if (!this.data.has(dataId)) throw this.heldElsewhere();
    const { handle } = this.data.get(dataId);
    if (handle === undefined) codeOfStorage(dtype); // strings: says so
    return handle!;
  }

  private heldElsewhere(): UsageError {
    return new UsageError(messages.heldElsewhere(this.device), {
      code: 'LEANTUNE_MIXED_DEVICES',
      remedy: messages.heldElsewhereRemedy(),
    });
  }

  /** libtorch's refusal to allocate becomes leantune's. */
  private guarded<T>(what: string, body: () => T): T {
    try {
      return body();
    } catch (error) {
      throw outOfMemoryError(error, this.device, what) ?? error;
    }
  }
}

/** An addon of other sources than these: set-up would have seen it. */
function kernelNotCompiled(kernel: string): EnvironmentError {
  return new EnvironmentError(messages.kernelNotCompiled(kernel), {
    code: 'LEANTUNE_KERNEL_MISSING',
    remedy: messages.setupAgainCommand(),
  });
}

/** tfjs may hand over plain arrays, or those of another element type. */
function typedArray(values: BackendValues, dtype: DType): Float32Array | Int32Array | Uint8Array {
  const numbers = values as ArrayLike<number>;
  if (dtype === 'float32') return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
  if (dtype === 'int32') return numbers instanceof Int32Array ? numbers : Int32Array.from(numbers);
  return numbers instanceof Uint8Array ? numbers : Uint8Array.from(numbers);
}
