import { memoryMeter } from '../tensor/runtime.js';
import { keep, scope } from '../tensor/scope.js';
import type { TokenSelection } from '../tensor/selection.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * Computes a value again, row by row, from sources of the same token layout. `selection` is given where the sources
 * hold only their selected rows.
 */
export type Recompute = (sources: readonly Tensor[], selection: TokenSelection | undefined) => Tensor;

/**
 * How consumers recompute a value instead of keeping it (saving policy `lean`). Owns one reference to each source: with
 * a token selection only the selected rows of it, which is all that consumers keep. A source that has a recipe itself is
 * replaced by that recipe's sources.
 */
export class Recipe {
  readonly sources: readonly Tensor[];
  readonly compute: Recompute;

  constructor(sources: readonly Tensor[], compute: Recompute) {
    const inner = sources.map((source) => source.recipe);
    const flat = sources.map((source, index) => inner[index]?.sources ?? [rowsOf(source)]);
    this.sources = flat.flat().map((source) => source.retain());
    this.compute = (kept, selection) => {
      let next = 0;
      const values = inner.map((recipe, index) => {
        const own = kept.slice(next, (next += flat[index]!.length));
        return recipe === undefined ? own[0]! : recipe.compute(own, selection);
      });
      return compute(values, selection);
    };
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
  private isReleased = false;

  constructor(private readonly tensor: Tensor) {
    tensor.retain();
    memoryMeter().save(tensor.storage);
  }

  get(): Tensor {
    return this.tensor;
  }

  /** Regions let go of a value before their node does. */
  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    memoryMeter().unsave(this.tensor.storage);
    this.tensor.release();
  }
}

/** Holds the sources of a recipe instead of its value. */
class SavedRecipe implements SavedValue {
  private readonly sources: readonly SavedTensor[];

  constructor(
    private readonly recipe: Recipe,
    private readonly selection: TokenSelection | undefined,
  ) {
    this.sources = recipe.sources.map((source) => new SavedTensor(source));
  }

  get(): Tensor {
    const values = this.sources.map((source) => source.get());
    return scope(() => this.recipe.compute(values, this.selection));
  }

  release(): void {
    for (const source of this.sources) source.release();
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
