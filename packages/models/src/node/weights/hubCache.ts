import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder that Python's huggingface_hub keeps its files in: `HF_HUB_CACHE`, `HF_HOME`/hub, `~/.cache/huggingface/hub`. */
function hubCacheFolder(environment: NodeJS.ProcessEnv): string {
  const explicit = environment['HF_HUB_CACHE'] ?? environment['HUGGINGFACE_HUB_CACHE'];
  if (explicit) return explicit;
  if (environment['HF_HOME']) return join(environment['HF_HOME'], 'hub');
  return join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'huggingface', 'hub');
}

/** Where that cache keeps one model: `blobs/ETAG`, `snapshots/COMMIT/FILE` (links to blobs), `refs/BRANCH`. */
export function hubModelFolder(environment: NodeJS.ProcessEnv, id: string): string {
  return join(hubCacheFolder(environment), `models--${id.replaceAll('/', '--')}`);
}
