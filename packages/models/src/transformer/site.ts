import { Module, type Tensor } from '@leantune/core';

/** Where a site is: the same spelling on every architecture (see ARCHITECTURE.md). */
export interface SiteAddress {
  /** E.g. `attention.query`, `ffn.up`, `embeddings.token`, `pooler`, `head`. */
  readonly name: string;
  /** Which stack of layers it belongs to; absent outside the stacks. */
  readonly stack?: 'encoder' | 'decoder';
  /** Index of the layer in its stack. */
  readonly layer?: number;
}

/**
 * A named place of a model that holds one module. Methods wrap what is there; parameter names do not change, because
 * a site and a wrapper's inner module are transparent.
 */
export class Site<Inputs extends readonly unknown[] = [x: Tensor], Output = Tensor> extends Module<Inputs, Output> {
  private inner: Module<Inputs, Output>;
  private original: Module<Inputs, Output>;

  constructor(
    readonly address: SiteAddress,
    inner: Module<Inputs, Output>,
  ) {
    super();
    this.original = inner;
    this.inner = this.addChild('', inner);
  }

  /** Whether a method has put something in the place of the model's own module. */
  get isWrapped(): boolean {
    return this.inner !== this.original;
  }

  /** What stands at the site now. */
  get module(): Module<Inputs, Output> {
    return this.inner;
  }

  /** Puts `make(what is there)` in its place; the new module must adopt the old one as a child. */
  wrap(make: (inner: Module<Inputs, Output>) => Module<Inputs, Output>): void {
    this.inner = this.replaceChild('', make(this.inner));
  }

  /** Puts a module of the model's own in the place of its wrapper: the end of a merge. */
  restore(inner: Module<Inputs, Output>): void {
    this.inner = this.replaceChild('', inner);
    this.original = inner;
  }

  protected forward(...inputs: Inputs): Output {
    return this.inner.call(...inputs);
  }
}
