import { memoryMeter } from '../tensor/runtime.js';
import { keep, scope } from '../tensor/scope.js';
import type { TokenSelection } from '../tensor/selection.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * Computes a value again from sources of the same token layout. `selection` is given where the sources hold only
 * its selected rows.
 */
export type Recompute = (sources: readonly Tensor[], selection: TokenSelection | undefined) => Tensor;

/** How consumers recompute a value, row by row (saving policy `lean`). Owns one reference to every source. */
export class Recipe {
  constructor(
    readonly sources: readonly Tensor[],
    readonly compute: Recompute,
  ) {
    for (const source of sources) source.retain();
  }

  release(): void {
    for (const source of this.sources) source.release();
  }
}

/** A value held for the backward pass: the tensor itself, or what it can be recomputed from. */
export interface SavedValue {
  /** The value; a recomputed one belongs to the innermost scope. */
  get(): Tensor;
  release(): void;
}

/** Holds the tensor itself and tells the meter. */
class SavedTensor implements SavedValue {
  constructor(private readonly tensor: Tensor) {
    tensor.retain();
    memoryMeter().save(tensor.storage);
  }

  get(): Tensor {
    return this.tensor;
  }

  release(): void {
    memoryMeter().unsave(this.tensor.storage);
    this.tensor.release();
  }
}

/** Holds the sources of a recipe instead of its value. */
class SavedRecipe implements SavedValue {
  constructor(
    private readonly sources: readonly SavedValue[],
    private readonly compute: Recompute,
    private readonly selection: TokenSelection | undefined,
  ) {}

  get(): Tensor {
    return scope(() =>
      this.compute(
        this.sources.map((source) => source.get()),
        this.selection,
      ),
    );
  }

  release(): void {
    for (const source of this.sources) source.release();
  }
}

/** Saves `tensor` whole. */
export function saveWhole(tensor: Tensor): SavedValue {
  if (tensor.recipe === undefined) return new SavedTensor(tensor);
  return new SavedRecipe(tensor.recipe.sources.map(saveWhole), tensor.recipe.compute, undefined);
}

/** Saves the selected rows of `tensor`, or all of it where it carries no selection. */
export function saveRows(tensor: Tensor): SavedValue {
  if (tensor.selection === undefined) return saveWhole(tensor);
  if (tensor.recipe === undefined) return new SavedTensor(selectedRowsOf(tensor));
  return new SavedRecipe(tensor.recipe.sources.map(saveRows), tensor.recipe.compute, tensor.selection);
}

/** The selected rows of a tensor that carries a selection, gathered once for all who need them. */
function selectedRowsOf(tensor: Tensor): Tensor {
  const selection = tensor.selection!;
  tensor.gatheredRows ??= keep(selection.gatherRows(tensor));
  return tensor.gatheredRows;
}
