import type { StreamPair } from './reversible.js';

/** Sees the streams that reversible layers read, as they are held: for diagnostics. Layer 0 is the lowest. */
export interface ReversibleObserver {
  /** The input of a layer in the forward pass. */
  readonly forward?: (layer: number, input: StreamPair) => void;
  /** The same input as the backward pass reconstructed it. */
  readonly reconstructed?: (layer: number, input: StreamPair) => void;
}

let current: ReversibleObserver | undefined;

/** The observer of the running pass. */
export function reversibleObserver(): ReversibleObserver | undefined {
  return current;
}

/**
 * Shows the streams of every reversible region in `body` to `observer`, besides the observers of an outer call; the lowest
 * input is reconstructed too.
 */
export function withReversibleObserver<T>(observer: ReversibleObserver, body: () => T): T {
  const before = current;
  current = before === undefined ? observer : both(before, observer);
  try {
    return body();
  } finally {
    current = before;
  }
}

function both(first: ReversibleObserver, second: ReversibleObserver): ReversibleObserver {
  return {
    forward: (layer, input) => {
      first.forward?.(layer, input);
      second.forward?.(layer, input);
    },
    reconstructed: (layer, input) => {
      first.reconstructed?.(layer, input);
      second.reconstructed?.(layer, input);
    },
  };
}
