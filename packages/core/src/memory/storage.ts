import type { StorageDType } from '../tensor/dtype.js';
import type { BirthCategory, MemoryCategory } from './categories.js';

/**
 * One buffer of a backend: what the meter counts. Views (reshapes) share it. It is live while any tensor refers
 * to it, and saved while any graph node holds it for the backward pass.
 */
export class Storage {
  references = 0;
  savedReferences = 0;

  constructor(
    readonly bytes: number,
    public birthCategory: BirthCategory,
    /** How its elements are held. */
    readonly dtype: StorageDType = 'float32',
  ) {}

  /** Parameters and batch keep their category while saved: PyTorch's saved-tensor accounting leaves them out. */
  get countsAsSaved(): boolean {
    return this.savedReferences > 0 && this.birthCategory !== 'parameters' && this.birthCategory !== 'batch';
  }

  get category(): MemoryCategory {
    return this.countsAsSaved ? 'savedActivations' : this.birthCategory;
  }
}
