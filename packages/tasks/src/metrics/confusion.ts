/** Counts of (label, prediction) pairs over the sorted union of the classes that occur in either, as scikit-learn has it. */
export interface Confusion {
  readonly rows: number;
  /** Class values in ascending order; the other arrays follow it. */
  readonly classes: readonly number[];
  /** Rows whose label and prediction are both the class. */
  readonly agreed: readonly number[];
  /** Rows whose label is the class. */
  readonly labelled: readonly number[];
  /** Rows whose prediction is the class. */
  readonly predicted: readonly number[];
}

/** Both arrays have the same length [rows]. */
export function confusion(predictions: ArrayLike<number>, labels: ArrayLike<number>): Confusion {
  const counts = new Map<number, { agreed: number; labelled: number; predicted: number }>();
  const countsOf = (value: number) => {
    let entry = counts.get(value);
    if (entry === undefined) counts.set(value, (entry = { agreed: 0, labelled: 0, predicted: 0 }));
    return entry;
  };
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row]!;
    const prediction = predictions[row]!;
    countsOf(label).labelled += 1;
    countsOf(prediction).predicted += 1;
    if (label === prediction) countsOf(label).agreed += 1;
  }
  const classes = [...counts.keys()].sort((a, b) => a - b);
  const entries = classes.map((value) => countsOf(value));
  return {
    rows: labels.length,
    classes,
    agreed: entries.map((entry) => entry.agreed),
    labelled: entries.map((entry) => entry.labelled),
    predicted: entries.map((entry) => entry.predicted),
  };
}
