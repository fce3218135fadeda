import { util, type BackendValues } from '@tensorflow/tfjs-core';
import { WebGPUBackend, webgpu_util } from '@tensorflow/tfjs-backend-webgpu';
import { LeantuneError, OutOfMemoryError } from '../../errors/errors.js';
import { messages } from '../../messages.js';
import { backendMessages } from '../messages.js';
import type { WebGpuAccess } from './access.js';

/** Free buffers up to this many bytes are kept for the next kernels, however little is in use. */
const POOL_BYTES = 64 * 2 ** 20;

/**
 * tfjs's backend with three changes: values are read at once where the platform lets the caller wait, errors that the
 * device reports later are thrown at the next reading, and its pool of free buffers, which is kept by exact size for ever,
 * stays below what was in use at most.
 */
export class ReadableWebGpuBackend extends WebGPUBackend {
  private deviceError: LeantuneError | undefined;
  private mostBytesUsed = POOL_BYTES;
  private readonly limitBytes: number;

  constructor(
    device: GPUDevice,
    info: GPUAdapterInfo,
    private readonly waitUntil: WebGpuAccess['waitUntil'],
  ) {
    super(device, info);
    this.limitBytes = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault(); // else it is printed as well
      this.deviceError ??= asLeantuneError(event.error);
    });
    void device.lost.then(({ reason, message }) => {
      if (reason !== 'destroyed') this.deviceError ??= lost(message);
    });
  }

  override readSync(dataId: object): BackendValues {
    const { values, dtype, resource } = this.tensorMap.get(dataId);
    const isOnDevice = values === undefined || values === null;
    if (!isOnDevice || this.waitUntil === undefined) {
      this.throwDeviceError(); // as far as it is known: nothing waits here
      return super.readSync(dataId);
    }
    return util.convertBackendValuesAndArrayBuffer(this.download(resource as GPUBuffer), dtype);
  }

  override read(dataId: object): Promise<BackendValues> {
    return this.waitUntil === undefined ? super.read(dataId) : Promise.resolve(this.readSync(dataId));
  }

  /** @throws OutOfMemoryError where the device has no buffers of that size: it would report it later, and compute with none */
  override uploadToGPU(dataId: object): void {
    const { dtype, shape } = this.tensorMap.get(dataId);
    const bytes = webgpu_util.GPUBytesPerElement(dtype) * util.sizeFromShape(shape);
    if (bytes > this.limitBytes) {
      throw new OutOfMemoryError(backendMessages.webgpuBufferTooLarge(bytes, this.limitBytes), {
        code: 'LEANTUNE_OUT_OF_MEMORY',
        remedy: messages.backendOutOfMemoryRemedy(),
        requestedBytes: bytes,
      });
    }
    super.uploadToGPU(dataId);
  }

  override submitQueue(): void {
    super.submitQueue();
    const { numBytesUsed, numBytesAllocated } = this.bufferManager;
    this.mostBytesUsed = Math.max(this.mostBytesUsed, numBytesUsed);
    // No command that waits for its submission reads a free buffer now.
    if (numBytesAllocated - numBytesUsed > this.mostBytesUsed) this.emptyPool();
  }

  /** The bytes of `source` once everything before is computed. @throws LeantuneError where any of that failed */
  private download(source: GPUBuffer): ArrayBuffer {
    this.ensureCommandEncoderReady();
    this.endComputePassEncoder();
    this.submitQueue();
    const staging = this.bufferManager.acquireBuffer(source.size, GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ);
    try {
      const encoder = this.device.createCommandEncoder();
      encoder.copyBufferToBuffer(source, 0, staging, 0, source.size);
      this.queue.submit([encoder.finish()]);
      staging.mapAsync(GPUMapMode.READ).catch(() => undefined); // seen in its state
      this.waitUntil?.(() => staging.mapState !== 'pending');
      this.throwDeviceError();
      if (staging.mapState !== 'mapped') throw lost(backendMessages.webgpuNotMapped());
      return staging.getMappedRange().slice(0);
    } finally {
      if (staging.mapState === 'mapped') staging.unmap();
      this.bufferManager.releaseBuffer(staging);
    }
  }

  private throwDeviceError(): void {
    const error = this.deviceError;
    this.deviceError = undefined;
    if (error !== undefined) throw error;
  }

  private emptyPool(): void {
    const manager = this.bufferManager as unknown as BufferPool;
    for (const buffers of manager.freeBuffers.values()) {
      for (const buffer of buffers) {
        manager.numBytesAllocated -= buffer.size;
        buffer.destroy();
      }
      manager.numFreeBuffers -= buffers.length;
      buffers.length = 0;
    }
  }
}

/** The parts of tfjs's buffer manager that its types hide. */
interface BufferPool {
  readonly freeBuffers: Map<string, GPUBuffer[]>;
  numFreeBuffers: number;
  numBytesAllocated: number;
}

function asLeantuneError(error: Error | GPUError): LeantuneError {
  // Compared by name: the class belongs to the platform's own WebGPU.
  if (error.constructor.name !== 'GPUOutOfMemoryError') {
    return new LeantuneError(backendMessages.webgpuFailed(error.message), { code: 'LEANTUNE_WEBGPU', cause: error });
  }
  return new OutOfMemoryError(backendMessages.webgpuOutOfMemory(error.message), {
    code: 'LEANTUNE_OUT_OF_MEMORY',
    remedy: messages.backendOutOfMemoryRemedy(),
    cause: error,
  });
}

function lost(detail: string): LeantuneError {
  return new LeantuneError(backendMessages.webgpuLost(detail), { code: 'LEANTUNE_WEBGPU_LOST' });
}
