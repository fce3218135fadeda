import { nodeMessages } from '../messages.js';

export type ProvisionPhase = 'environment' | 'download' | 'install' | 'compile' | 'prove' | 'official';

/** State of the phase that is under way; sent about once a second. */
export interface ProvisionProgress {
  readonly phase: ProvisionPhase;
  /** What is being done, for people. */
  readonly message: string;
  readonly elapsedSeconds: number;
  /** Bytes loaded so far, and in all where known. */
  readonly doneBytes?: number;
  readonly totalBytes?: number;
}

type Bytes = { readonly doneBytes?: number | undefined; readonly totalBytes?: number | undefined };

/** Passes on what set-up does: one line a finished phase, progress in between. */
export class Reporter {
  constructor(
    readonly log: (line: string) => void,
    readonly onProgress: (progress: ProvisionProgress) => void,
    readonly signal: AbortSignal | undefined,
  ) {}

  /** Runs one phase, reports that it goes on every second and how long it took at its end. */
  async phase<T>(
    phase: ProvisionPhase,
    message: string,
    work: (progress: (bytes: Bytes) => void) => Promise<T>,
  ): Promise<T> {
    const start = performance.now();
    let bytes: Bytes = {};
    const send = () => {
      const { doneBytes, totalBytes } = bytes;
      this.onProgress({
        phase,
        message,
        elapsedSeconds: (performance.now() - start) / 1000,
        ...(doneBytes ? { doneBytes } : {}),
        ...(totalBytes ? { totalBytes } : {}),
      });
    };
    send();
    const timer = setInterval(send, 1000);
    try {
      const result = await work((next) => (bytes = next));
      this.log(nodeMessages.phaseDone(message, (performance.now() - start) / 1000));
      return result;
    } finally {
      clearInterval(timer);
    }
  }
}
