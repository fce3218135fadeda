/** So many turns without a pause: what is nearly done is not made to wait. */
const BUSY_TURNS = 200;
const PAUSE_MS = 0.1;

/**
 * Dawn handles what its devices report in a callback that it gives to the global `setImmediate` over and over: the event
 * loop never rests, and whoever needs a value must return to it. Here the callback is taken out of the loop and runs only
 * while somebody waits. So a function can wait for a value, and the process can end.
 */
export class DawnEvents {
  private readonly pending: (() => void)[] = [];
  private readonly never = new Int32Array(new SharedArrayBuffer(4));

  /** Takes the callback over; Dawn schedules one from its first device on. */
  async takeOver(): Promise<void> {
    const real = globalThis.setImmediate;
    this.capture((callback) => (isDawnCallback(callback) ? undefined : real(callback)));
    try {
      await new Promise((resolve) => real(resolve)); // behind the callback that is scheduled now
    } finally {
      globalThis.setImmediate = real;
    }
  }

  /** Lets Dawn work until `isDone`, or until it has nothing left to do. */
  readonly waitUntil = (isDone: () => boolean): void => {
    const real = globalThis.setImmediate;
    this.capture(() => undefined);
    try {
      for (let turn = 0; !isDone(); turn++) {
        const callback = this.pending.shift();
        if (callback === undefined) return;
        callback();
        if (turn >= BUSY_TURNS) Atomics.wait(this.never, 0, 0, PAUSE_MS);
      }
    } finally {
      globalThis.setImmediate = real;
    }
  };

  /** Keeps what `setImmediate` is given from now on, except for what `passOn` schedules. */
  private capture(passOn: (callback: () => void) => NodeJS.Immediate | undefined): void {
    globalThis.setImmediate = ((callback: () => void, ...given: unknown[]) => {
      const scheduled = passOn(given.length === 0 ? callback : callback.bind(undefined, ...given));
      if (scheduled === undefined) this.pending.push(callback);
      return scheduled;
    }) as typeof setImmediate;
  }
}

/** Functions of addons have no source text and, unlike bound and built-in ones, no name. */
function isDawnCallback(callback: () => void): boolean {
  return callback.name === '' && Function.prototype.toString.call(callback).includes('[native code]');
}
