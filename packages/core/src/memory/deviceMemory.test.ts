import { describe, expect, it } from 'vitest';
import { largerPeaks, type DeviceMeter } from './deviceMemory.js';
import { MemoryMeter } from './meter.js';

/** An allocator that hands out and takes back bytes in whole blocks of 512, and reserves them for good. */
class Allocator implements DeviceMeter {
  readonly source = 'blocks of 512';
  private allocated = 0;
  private reserved = 0;
  private allocatedPeak = 0;
  private reservedPeak = 0;

  add(bytes: number): void {
    this.allocated += Math.sign(bytes) * Math.ceil(Math.abs(bytes) / 512) * 512;
    this.reserved = Math.max(this.reserved, this.allocated);
    this.allocatedPeak = Math.max(this.allocatedPeak, this.allocated);
    this.reservedPeak = Math.max(this.reservedPeak, this.reserved);
  }

  read() {
    return {
      allocatedBytes: this.allocated,
      allocatedPeakBytes: this.allocatedPeak,
      reservedBytes: this.reserved,
      reservedPeakBytes: this.reservedPeak,
    };
  }

  resetPeak(): void {
    [this.allocatedPeak, this.reservedPeak] = [this.allocated, this.reserved];
  }

  releaseCached(): void {
    this.reserved = this.allocated;
  }
}

const peaks = (allocatedPeakBytes: number, reservedPeakBytes: number) => ({ allocatedPeakBytes, reservedPeakBytes });

describe('peaks of the device', () => {
  it('belong to the phase in which they are reached, and the largest is that of the step', () => {
    const allocator = new Allocator();
    const meter = new MemoryMeter(allocator);
    allocator.add(5000); // before the step
    allocator.add(-5000);
    meter.resetPeak();
    allocator.add(100); // setup: 512
    meter.inPhase('forward', () => allocator.add(1000)); // 512 + 1024
    meter.inPhase('backward', () => {
      allocator.add(600); // 1536 + 1024
      meter.inPhase('update', () => {
        allocator.add(1);
        allocator.add(-1);
      }); // 2560 + 512
      allocator.add(-600);
    });
    allocator.add(-1100);
    expect(meter.deviceSnapshot()).toEqual({
      source: 'blocks of 512',
      ...peaks(3072, 5120), // 5120 = 10 blocks for 5000 bytes, reserved before the step and never given back
      phases: {
        setup: peaks(1536, 5120),
        forward: peaks(1536, 5120),
        backward: peaks(2560, 5120),
        update: peaks(3072, 5120),
      },
    });
    allocator.releaseCached();
    meter.resetPeak();
    expect(meter.deviceSnapshot()).toEqual({ source: 'blocks of 512', ...peaks(0, 0), phases: { setup: peaks(0, 0) } });
  });

  it('are kept where the step fails', () => {
    const allocator = new Allocator();
    const meter = new MemoryMeter(allocator);
    expect(() =>
      meter.inPhase('forward', () => {
        allocator.add(2048);
        throw new Error('refused');
      }),
    ).toThrow('refused');
    expect(meter.deviceSnapshot()?.phases.forward).toEqual(peaks(2048, 2048));
    expect(meter.phase).toBe('setup');
  });

  it('are absent where the backend has no such meter', () => {
    expect(new MemoryMeter().deviceSnapshot()).toBeUndefined();
  });
});

it('the larger of two is taken figure by figure, and what is absent stays so', () => {
  expect(largerPeaks(peaks(10, 40), peaks(20, 30))).toEqual(peaks(20, 40));
  expect(largerPeaks(undefined, { allocatedPeakBytes: 7 })).toEqual({ allocatedPeakBytes: 7 });
  expect(largerPeaks({ allocatedPeakBytes: 7 }, { allocatedPeakBytes: 3 })).toEqual({ allocatedPeakBytes: 7 });
});
