import type { MemoryPhase } from './categories.js';

/** Largest numbers of bytes that an allocator held since its peaks were reset. */
export interface DevicePeaks {
  /** Handed out, with what alignment adds and what kernels take inside. */
  readonly allocatedPeakBytes: number;
  /** Taken from the device, handed out or not; absent where the allocator holds nothing back. */
  readonly reservedPeakBytes?: number | undefined;
}

/** An allocator's own figures, now and at most. */
export interface DeviceMemory extends DevicePeaks {
  readonly allocatedBytes: number;
  readonly reservedBytes?: number;
}

/** The meter that a device's allocator keeps: other bytes than the logical ones of `MemoryMeter`. Asking it waits for nothing. */
export interface DeviceMeter {
  /** Whose figures they are, e.g. `libtorch's caching allocator on cuda:0`. */
  readonly source: string;
  read(): DeviceMemory;
  /** The peaks become what is held now. */
  resetPeak(): void;
  /** Gives back to the device what is reserved and not handed out. */
  releaseCached(): void;
}

export interface DeviceSnapshot extends DevicePeaks {
  readonly source: string;
  readonly phases: Readonly<Partial<Record<MemoryPhase, DevicePeaks>>>;
}

/** An allocator's peaks by the phase in which they were reached: it has one peak only, so it is read and reset between phases. */
export class DevicePhases {
  private phases: Partial<Record<MemoryPhase, DevicePeaks>> = {};

  constructor(private readonly meter: DeviceMeter) {}

  reset(): void {
    this.phases = {};
    this.meter.resetPeak();
  }

  /** What came since the last call belongs to `phase`. */
  leave(phase: MemoryPhase): void {
    this.phases[phase] = largerPeaks(this.phases[phase], this.meter.read());
    this.meter.resetPeak();
  }

  /** @param phase the one that is running */
  snapshot(phase: MemoryPhase): DeviceSnapshot {
    this.leave(phase);
    const peaks = Object.values(this.phases).reduce(largerPeaks);
    return { source: this.meter.source, ...peaks, phases: { ...this.phases } };
  }
}

/** Figure by figure. */
export function largerPeaks(before: DevicePeaks | undefined, now: DevicePeaks): DevicePeaks {
  const reserved = Math.max(before?.reservedPeakBytes ?? -1, now.reservedPeakBytes ?? -1);
  return {
    allocatedPeakBytes: Math.max(before?.allocatedPeakBytes ?? 0, now.allocatedPeakBytes),
    ...(reserved < 0 ? {} : { reservedPeakBytes: reserved }),
  };
}
