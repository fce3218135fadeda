/** Ctrl-C once: finish the step and stop. Twice: stop now. The same for SIGTERM and a closed terminal. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface InterruptHandlers {
  readonly onFirst: () => void;
  readonly onSecond: () => void;
}

/** Installs the handlers; the returned function removes them. */
export function watchInterrupts(handlers: InterruptHandlers): () => void {
  let seen = 0;
  const listener = () => {
    seen += 1;
    if (seen === 1) handlers.onFirst();
    else handlers.onSecond();
  };
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}
