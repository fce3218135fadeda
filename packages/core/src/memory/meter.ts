import { OutOfMemoryError } from '../errors/errors.js';
import { messages } from '../messages.js';
import { emptyCategoryBytes, type BirthCategory, type CategoryBytes, type MemoryPhase } from './categories.js';
import { DevicePhases, type DeviceMeter, type DeviceSnapshot } from './deviceMemory.js';
import type { Storage } from './storage.js';

/** One allocation or release in the timeline of a step. */
export interface TimelinePoint {
  readonly liveBytes: number;
  readonly phase: MemoryPhase;
  /** Path of the module that was running, `''` outside any. */
  readonly layer: string;
}

/** What the meter saw since the last reset. All figures are bytes of distinct live buffers. */
export interface MemorySnapshot {
  /** Logical peak: the largest sum of bytes of live buffers. */
  readonly peakBytes: number;
  /** Phase in which the peak was reached first. */
  readonly phase: MemoryPhase;
  /** Module path that was running when the peak was reached first. */
  readonly layer: string;
  /** Composition of the peak. */
  readonly categories: CategoryBytes;
  /** Largest sum of distinct buffers held for the backward pass, parameters and batch excluded. */
  readonly savedBytes: number;
  /** Bytes held for the backward pass at the moment of `savedBytes`, by the module path that saved them first. */
  readonly savedBytesByLayer: Readonly<Record<string, number>>;
  readonly timeline: readonly TimelinePoint[];
}

/**
 * Counts every live buffer exactly once. The tensor layer reports births, deaths and savings; nothing is sampled,
 * so equal programs give equal figures on every backend.
 */
export class MemoryMeter {
  /** Refuses allocations beyond this many live bytes, as a device of that size would. */
  limitBytes: number | undefined;
  phase: MemoryPhase = 'setup';
  layer = '';
  recordTimeline = false;

  private live = 0;
  private saved = 0;
  private readonly liveCategories = emptyCategoryBytes();
  private readonly savedLayers = new Map<Storage, string>();
  private peak = 0;
  private peakPhase: MemoryPhase = 'setup';
  private peakLayer = '';
  private peakCategories = emptyCategoryBytes();
  private savedPeak = 0;
  private savedPeakLayers: Record<string, number> = {};
  private timeline: TimelinePoint[] = [];
  private readonly device: DevicePhases | undefined;

  /** @param device of the backend whose buffers it counts, where that has one */
  constructor(device?: DeviceMeter) {
    this.device = device && new DevicePhases(device);
  }

  get liveBytes(): number {
    return this.live;
  }

  /** Bytes of distinct buffers now held for the backward pass. */
  get liveSavedBytes(): number {
    return this.saved;
  }

  get liveByCategory(): CategoryBytes {
    return { ...this.liveCategories };
  }

  /** A new buffer. @throws OutOfMemoryError beyond `limitBytes`. */
  allocate(storage: Storage): void {
    if (this.limitBytes !== undefined && this.live + storage.bytes > this.limitBytes) {
      throw new OutOfMemoryError(messages.memoryLimit(storage.bytes, this.live, this.limitBytes), {
        code: 'LEANTUNE_MEMORY_LIMIT',
        remedy: messages.memoryLimitRemedy(),
        requestedBytes: storage.bytes,
      });
    }
    this.live += storage.bytes;
    this.liveCategories[storage.category] += storage.bytes;
    this.notePeak();
  }

  free(storage: Storage): void {
    this.live -= storage.bytes;
    this.liveCategories[storage.category] -= storage.bytes;
    this.notePoint();
  }

  /** A graph node starts to hold the buffer. */
  save(storage: Storage): void {
    const before = storage.category;
    storage.savedReferences += 1;
    this.move(storage, before);
    if (storage.savedReferences === 1 && storage.countsAsSaved) {
      this.saved += storage.bytes;
      this.savedLayers.set(storage, this.layer);
      if (this.saved > this.savedPeak) {
        this.savedPeak = this.saved;
        this.savedPeakLayers = {};
        this.savedPeakStale = true;
      }
    }
  }

  /** A graph node lets go of the buffer. */
  unsave(storage: Storage): void {
    this.settleSavedPeak();
    const before = storage.category;
    const counted = storage.countsAsSaved;
    storage.savedReferences -= 1;
    this.move(storage, before);
    if (counted && storage.savedReferences === 0) {
      this.saved -= storage.bytes;
      this.savedLayers.delete(storage);
    }
  }

  /** Gives a live buffer another purpose, e.g. a finished gradient. */
  recategorize(storage: Storage, category: BirthCategory): void {
    const before = storage.category;
    storage.birthCategory = category;
    this.move(storage, before);
  }

  /** Starts a new measurement: the peak so far becomes what is live now. */
  resetPeak(): void {
    this.peak = -1; // so that nothing live is a peak too
    this.savedPeak = this.saved;
    this.savedPeakStale = true;
    this.timeline = [];
    this.notePeak();
    this.device?.reset();
  }

  snapshot(): MemorySnapshot {
    this.settleSavedPeak();
    return {
      peakBytes: this.peak,
      phase: this.peakPhase,
      layer: this.peakLayer,
      categories: { ...this.peakCategories },
      savedBytes: this.savedPeak,
      savedBytesByLayer: { ...this.savedPeakLayers },
      timeline: [...this.timeline],
    };
  }

  /** Peaks of the device's own allocator since the last reset; undefined where the backend has no such meter. */
  deviceSnapshot(): DeviceSnapshot | undefined {
    return this.device?.snapshot(this.phase);
  }

  /** Runs `body` with the given phase. */
  inPhase<T>(phase: MemoryPhase, body: () => T): T {
    const before = this.phase;
    this.enter(phase);
    try {
      return body();
    } finally {
      this.enter(before);
    }
  }

  /** Runs `body` with the given module path as the layer that causes what happens. */
  inLayer<T>(layer: string, body: () => T): T {
    const before = this.layer;
    this.layer = layer;
    try {
      return body();
    } finally {
      this.layer = before;
    }
  }

  private enter(phase: MemoryPhase): void {
    this.device?.leave(this.phase);
    this.phase = phase;
  }

  /** True while the layers of the saved peak have not been listed: only listed when the peak is left or asked for. */
  private savedPeakStale = false;

  private settleSavedPeak(): void {
    if (!this.savedPeakStale || this.saved !== this.savedPeak) return;
    this.savedPeakLayers = {};
    for (const [storage, layer] of this.savedLayers) {
      this.savedPeakLayers[layer] = (this.savedPeakLayers[layer] ?? 0) + storage.bytes;
    }
    this.savedPeakStale = false;
  }

  private move(storage: Storage, before: keyof CategoryBytes): void {
    const after = storage.category;
    if (before === after) return;
    this.liveCategories[before] -= storage.bytes;
    this.liveCategories[after] += storage.bytes;
  }

  private notePeak(): void {
    if (this.live > this.peak) {
      this.peak = this.live;
      this.peakPhase = this.phase;
      this.peakLayer = this.layer;
      this.peakCategories = { ...this.liveCategories };
    }
    this.notePoint();
  }

  private notePoint(): void {
    if (this.recordTimeline) this.timeline.push({ liveBytes: this.live, phase: this.phase, layer: this.layer });
  }
}
