import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The folder for everything that leantune downloads or compiles (weights, native libraries, environments):
 * `LEANTUNE_CACHE`, else `$XDG_CACHE_HOME/leantune`, else `~/.cache/leantune`. It is not created here.
 */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.LEANTUNE_CACHE) return environment.LEANTUNE_CACHE;
  const base = environment.XDG_CACHE_HOME ? environment.XDG_CACHE_HOME : join(homedir(), '.cache');
  return join(base, 'leantune');
}
