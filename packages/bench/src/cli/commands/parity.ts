import type { CommandHandler } from '../table.js';

/** What `src/parity/parity.ts` exports: runs the cases, prints, resolves to the exit code. */
type RunParity = (
  paths: readonly string[],
  options: { readonly backend?: string; readonly json: boolean; readonly write: (text: string) => void },
) => Promise<number>;

export const parity: CommandHandler<'parity'> = async ({ words, options, terminal }) => {
  const { runParity } = (await import(new URL('../../parity/parity.js', import.meta.url).href)) as {
    runParity: RunParity;
  };
  return runParity(words, {
    ...(options.backend === undefined ? {} : { backend: options.backend }),
    json: options.json === true,
    write: terminal.out,
  });
};
