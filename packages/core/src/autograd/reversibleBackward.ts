import { consume } from '../kernels/dispatch.js';
import { add, multiply } from '../kernels/elementwise.js';
import { reshape } from '../kernels/shape.js';
import { fillAs } from '../kernels/storage.js';
import { scope } from '../tensor/scope.js';
import type { TokenSelection } from '../tensor/selection.js';
import type { Tensor } from '../tensor/tensor.js';
import { withAutocast, type AutocastDType } from './autocast.js';
import { backward } from './backward.js';
import { enableGrad } from './gradMode.js';
import { leafOf, takeGradient } from './leaf.js';
import { graphScope, type InputGradients } from './node.js';
import { savingPolicy } from './policy.js';
import type { Coupling, ReversibleLayer } from './reversible.js';
import type { ReversibleObserver } from './reversibleObserver.js';
import { saveWhole, type SavedValue } from './saved.js';
import type { StreamArithmetic } from './streams.js';

/** A pair of streams held for the backward pass. */
export interface KeptStreams {
  readonly first: SavedValue;
  readonly second: SavedValue;
}

/** What the backward pass knows of the forward pass besides the values that it kept. */
interface ForwardFacts {
  readonly selection: TokenSelection | undefined;
  /** Whether the gradient of the region's input will be asked for. */
  readonly needsInput: boolean;
  readonly shared: readonly { readonly selection: TokenSelection | undefined; readonly requiresGrad: boolean }[];
  readonly observer: ReversibleObserver | undefined;
  /** What products were computed in. */
  readonly autocast: AutocastDType | undefined;
}

/** What the forward pass kept. */
export interface KeptOfRegion {
  readonly last: KeptStreams;
  /** Packed bits that a layer dropped from its first and its second stream. */
  readonly dropped: readonly (readonly [first: SavedValue | undefined, second: SavedValue | undefined])[];
  readonly shared: readonly SavedValue[];
}

/** The walk down a reversible region (Liao et al. 2023, listing 1): gradients of its streams and of what it shares. */
export class ReversibleWalk {
  /** Every stream that is held now: let go of at the latest when something fails. */
  private readonly holdings: SavedValue[] = [];
  /** Gradients of what the layers read besides their streams add up at these. */
  private readonly leaves: readonly Tensor[];
  private upper: KeptStreams;
  /** Gradients of the upper streams; owned. */
  private gradients: readonly [first: Tensor, second: Tensor];

  constructor(
    private readonly layers: readonly ReversibleLayer[],
    private readonly coupling: Coupling,
    private readonly arithmetic: StreamArithmetic,
    private readonly facts: ForwardFacts,
    private readonly kept: KeptOfRegion,
    gradients: readonly [first: Tensor, second: Tensor],
  ) {
    this.upper = kept.last;
    this.gradients = [gradients[0].retain(), gradients[1].retain()];
    this.leaves = facts.shared.map(({ selection, requiresGrad }, index) =>
      leafOf(kept.shared[index]!.get(), requiresGrad, selection),
    );
  }

  /** Gradients by the names of the region's inputs. */
  run(): InputGradients {
    try {
      for (let index = this.layers.length - 1; index >= 0; index--) scope(() => this.goThrough(index));
      const gradients: Record<string, Tensor | undefined> = {};
      for (const [index, leaf] of this.leaves.entries()) gradients[`shared${index}`] = takeGradient(leaf);
      if (!this.facts.needsInput) return gradients;
      const [first, second] = this.gradients.map((gradient) => reshape(gradient, gradient.shape));
      return { ...gradients, first, second };
    } finally {
      for (const value of this.holdings) value.release();
      for (const gradient of this.gradients) gradient.release();
    }
  }

  private goThrough(index: number): void {
    const { lambda, beta, switches } = this.coupling;
    const { needsInput, observer } = this.facts;
    const { first, second } = this.upper;
    const layer = this.layers[index]!;
    const [y1, y2] = switches ? [second, first] : [first, second];
    const [grad1, grad2] = switches ? [this.gradients[1], this.gradients[0]] : this.gradients;
    const [dropped1, dropped2] = this.kept.dropped[index]!;
    const isLowest = index === 0;

    const g = this.rerun((x) => layer.g(x, this.leaves), y1.get(), true, grad2);
    const x2 = this.hold(this.arithmetic.invert(y2.get(), beta, g.output, dropped2?.get()));
    this.letGo(y2);
    dropped2?.release();
    const total1 = g.gradient === undefined ? grad1 : add(grad1, consume(g.gradient));

    const f = this.rerun((x) => layer.f(x, this.leaves), x2.get(), !isLowest || needsInput, total1);
    // Nobody reads the first stream of the lowest input but an observer.
    const x1 =
      isLowest && observer?.reconstructed === undefined
        ? undefined
        : this.hold(this.arithmetic.invert(y1.get(), lambda, f.output, dropped1?.get()));
    this.letGo(y1);
    dropped1?.release();
    if (x1 !== undefined) {
      this.upper = { first: x1, second: x2 };
      observer?.reconstructed?.(index, { first: x1.get(), second: x2.get() });
    }
    if (isLowest && !needsInput) return;

    const below1 = times(total1, lambda);
    const below2 = f.gradient === undefined ? times(grad2, beta) : add(times(grad2, beta), consume(f.gradient));
    const above = this.gradients;
    this.gradients = [below1.retain(), below2.retain()];
    for (const gradient of above) gradient.release();
  }

  /** Runs F or G on a stream again and differentiates it: its output and the gradient of what it read. */
  private rerun(
    run: (x: Tensor) => Tensor,
    stream: Tensor,
    requiresGrad: boolean,
    gradOutput: Tensor,
  ): { readonly output: Tensor; readonly gradient: Tensor | undefined } {
    return graphScope(() =>
      scope(() => {
        const leaf = leafOf(this.arithmetic.value(stream), requiresGrad, this.facts.selection);
        const output = withAutocast(this.facts.autocast, () => enableGrad(() => run(leaf)));
        if (output.requiresGrad) backward(output, gradOutput);
        return { output, gradient: takeGradient(leaf) };
      }),
    );
  }

  private hold(stream: Tensor): SavedValue {
    const value = saveWhole(stream);
    this.holdings.push(value);
    return value;
  }

  private letGo(value: SavedValue): void {
    const { first, second } = this.kept.last;
    // PyTorch keeps what an autograd function saved until the function's backward pass is over.
    const isKept = (value === first || value === second) && savingPolicy() === 'pytorch';
    if (!isKept) value.release();
  }
}

/** Where nothing depends on one of the streams, its gradient is zero. */
export function bothGradients(first: Tensor | undefined, second: Tensor | undefined): [Tensor, Tensor] {
  const zerosLike = ({ shape, storageDtype }: Tensor) => fillAs(shape, 0, storageDtype);
  return [first ?? zerosLike(second!), second ?? zerosLike(first!)];
}

function times(gradient: Tensor, factor: number): Tensor {
  return factor === 1 ? gradient : multiply(gradient, factor);
}
