import { memoryMeter } from '../tensor/runtime.js';
import { keep, scope } from '../tensor/scope.js';
import type { TokenSelection } from '../tensor/selection.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * Computes a value again, row by row, from one source of the same token layout. `selection` is given where the source
 * holds only its selected rows.
 */
export type Recompute = (source: Tensor, selection: TokenSelection | undefined) => Tensor;

/**
 * How consumers recompute a value instead of keeping it (saving policy `lean`). Owns one reference to its source: with a
 * token selection only the selected rows of it, which is all that consumers keep. A source that has a recipe itself is
 * replaced by that recipe's source.
 */
export class Recipe {
  readonly source: Tensor;
  readonly compute: Recompute;

  constructor(source: Tensor, compute: Recompute) {
    const inner = source.recipe;
    this.source = (inner?.source ?? rowsOf(source)).retain();
    this.compute =
      inner === undefined ? compute : (kept, selection) => compute(inner.compute(kept, selection), selection);
  }

  release(): void {
    this.source.release();
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

/** Holds the source of a recipe instead of its value. */
class SavedRecipe implements SavedValue {
  private readonly source: SavedTensor;

  constructor(
    private readonly recipe: Recipe,
    private readonly selection: TokenSelection | undefined,
  ) {
    this.source = new SavedTensor(recipe.source);
  }

  get(): Tensor {
    return scope(() => this.recipe.compute(this.source.get(), this.selection));
  }

  release(): void {
    this.source.release();
  }
}

/** Saves all rows of `tensor`. */
export function saveWhole(tensor: Tensor): SavedValue {
  // With a selection the recipe gives the selected rows only.
  if (tensor.recipe === undefined || tensor.selection !== undefined) return new SavedTensor(tensor);
  return new SavedRecipe(tensor.recipe, undefined);
}

/** Saves the selected rows of `tensor`, or all of it where it carries no selection. */
export function saveRows(tensor: Tensor): SavedValue {
  if (tensor.recipe === undefined) return new SavedTensor(rowsOf(tensor));
  return new SavedRecipe(tensor.recipe, tensor.selection);
}

/** The selected rows, gathered once for all who need them; the tensor itself where it carries no selection. */
function rowsOf(tensor: Tensor): Tensor {
  if (tensor.selection === undefined) return tensor;
  tensor.gatheredRows ??= keep(tensor.selection.gatherRows(tensor));
  return tensor.gatheredRows;
}
