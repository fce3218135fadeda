import type { TopLevelSpec } from 'vega-lite';

/** A plot before rendering: its spec and the figures it shows, for the CSV beside it. */
export interface Plot {
  /** File name without extension. */
  readonly name: string;
  readonly spec: TopLevelSpec;
  readonly data: readonly Readonly<Record<string, string | number | undefined>>[];
}

export interface PlotContext {
  /** E.g. `all-minilm-l6-v2 · sentences`. */
  readonly title: string;
  /** Meter, seeds, backend: what the figures depend on. */
  readonly subtitle: string[];
}
