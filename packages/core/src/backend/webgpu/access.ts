/** WebGPU as a platform offers it. */
export interface WebGpuAccess {
  readonly gpu: GPU;
  /**
   * Lets the device work until `isDone`, without returning to the event loop. Absent in browsers, where nothing can wait:
   * there tfjs reads through a canvas.
   */
  readonly waitUntil?: (isDone: () => boolean) => void;
  /** To be called once a device was requested, before anything is read from it. */
  readonly deviceReady?: () => Promise<void>;
  /** For results, e.g. the version of Dawn. */
  readonly details: Readonly<Record<string, string>>;
}

/** Why there is none, and the command or step that provides it. */
export interface NoWebGpu {
  readonly reason: string;
  readonly remedy: string;
}
