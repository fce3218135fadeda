import { RandomStream } from '@leantune/core';
import type { LoadedDataset } from '../data/dataset.js';
import { trainSplitsOf, type TaskDeclaration } from './declaration.js';

/** Never the training seed: every run is scored on the same rows. */
const HOLD_OUT_SEED = 20150603;

/** Makes the split that a task without published rows to report on is scored on: a fixed share of its training rows. */
export function holdOut(declaration: TaskDeclaration, splits: LoadedDataset['splits']): LoadedDataset['splits'] {
  const { heldOut } = declaration.splits;
  const train = trainSplitsOf(declaration).find((split) => splits[split] !== undefined);
  if (heldOut === undefined || train === undefined || splits[heldOut.split] !== undefined) return splits;
  const rows = splits[train]!;
  const order = new RandomStream(HOLD_OUT_SEED, declaration.name, 'hold out').shuffle(rows.map((_, index) => index));
  const held = new Set(order.slice(0, Math.min(rows.length - 1, Math.ceil(rows.length * heldOut.share))));
  return {
    ...splits,
    [train]: rows.filter((_, index) => !held.has(index)),
    [heldOut.split]: rows.filter((_, index) => held.has(index)),
  };
}
