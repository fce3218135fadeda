import type { DeviceMemory, DeviceMeter } from '@leantune/core';
import { messages } from '../messages.js';
import type { TorchAddon } from '../native/addon.js';

/**
 * The allocator of libtorch: on the CPU every storage to the byte, on CUDA what `torch.cuda.max_memory_allocated` and
 * `max_memory_reserved` read, from the same caching allocator.
 */
export class TorchMeter implements DeviceMeter {
  constructor(
    private readonly addon: TorchAddon,
    /** Where the addon writes its figures. */
    private readonly scratch: Float64Array,
    private readonly device: string,
  ) {}

  get source(): string {
    return this.isHost ? messages.hostMeter() : messages.gpuMeter(this.device);
  }

  read(): DeviceMemory {
    this.addon.memory();
    const figure = (index: number) => this.scratch[index]!;
    const allocated = { allocatedBytes: figure(0), allocatedPeakBytes: figure(1) };
    if (this.isHost) return allocated;
    return { ...allocated, reservedBytes: figure(2), reservedPeakBytes: figure(3) };
  }

  resetPeak(): void {
    this.addon.resetPeak();
  }

  releaseCached(): void {
    this.addon.releaseCached();
  }

  /** The host's allocator holds nothing back: there is nothing that would be reserved. */
  private get isHost(): boolean {
    return this.device === 'cpu';
  }
}
