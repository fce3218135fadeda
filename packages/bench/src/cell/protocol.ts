/** Messages between the runner and the process of one cell, over Node's IPC channel. */
import type { CellConfig, CellProgress } from './contract.js';

export type ToCell =
  | {
      readonly type: 'start';
      readonly config: CellConfig;
      readonly stepsPath: string;
      /** Paths of plugins to load first. */
      readonly plugins: readonly string[];
    }
  | { readonly type: 'stop' };

export interface ReportedError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
  readonly requestedBytes?: number;
  readonly freeBytes?: number;
}

export type FromCell =
  | { readonly type: 'progress'; readonly progress: CellProgress }
  | { readonly type: 'log'; readonly message: string }
  /** `outcome` is checked against its schema by the receiver. */
  | { readonly type: 'done'; readonly outcome: unknown }
  | { readonly type: 'error'; readonly error: ReportedError }
  | { readonly type: 'interrupted' };
