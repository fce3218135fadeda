/** One table for all renderers: what is shown, without how. */

export interface Column {
  readonly header: string;
  /** Shown below the header: MiB, ms, %. */
  readonly unit?: string;
  readonly align: 'left' | 'right';
}

export interface Cell {
  readonly text: string;
  readonly emphasis?: 'best' | 'problem' | 'quiet';
}

export interface Table {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
}
