import { keep, scope } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { add, scale } from '../ops/arithmetic.js';
import { autocastDType } from './autocast.js';
import { differentiableOutputs } from './differentiable.js';
import { fixedPointStreams } from './fixedPointStreams.js';
import { ReversibleWalk, bothGradients } from './reversibleBackward.js';
import { reversibleObserver } from './reversibleObserver.js';
import type { SavedValue } from './saved.js';
import { floatingPointStreams, type AdvancedStream } from './streams.js';

/** Two values of the same shape that run through a stack side by side. */
export interface StreamPair {
  readonly first: Tensor;
  readonly second: Tensor;
}

/**
 * A layer y₁ = λ x₁ + F(x₂), y₂ = β x₂ + G(y₁) (Liao et al. 2023, equations 1 and 2; Gomez et al. 2017 with λ = β = 1).
 * F and G must give the same bits for the same input and step.
 */
export interface ReversibleLayer {
  /** @param shared the values of `ReversibleOptions.shared`, in their order */
  readonly f: (x: Tensor, shared: readonly Tensor[]) => Tensor;
  readonly g: (x: Tensor, shared: readonly Tensor[]) => Tensor;
}

/** How layers are coupled. */
export interface Coupling {
  readonly lambda: number;
  readonly beta: number;
  /** Whether a layer hands (y₂, y₁) on instead of (y₁, y₂). */
  readonly switches: boolean;
}

export interface ReversibleOptions extends Coupling {
  /**
   * Streams on a fixed-point grid with an inverse that is exact to the bit: λ and β are powers of two up to 1, and the
   * bits that they drop are kept. Otherwise streams are inverted by division, and rounding errors grow.
   */
  readonly exact: boolean;
  /**
   * Whether F and G run again without the autocast of the forward pass, as an autograd function does that does not restore
   * it: what they then give is not what they gave. Default false.
   */
  readonly recomputesInFloat32?: boolean | undefined;
  /** Parameters that are trained inside. */
  readonly trains: readonly Tensor[];
  /** Other values that layers read, which may get gradients: what a decoder attends to. */
  readonly shared?: readonly Tensor[];
  /** Values without gradients that layers read: masks. They are kept alive until the backward pass. */
  readonly constants?: readonly Tensor[];
}

/** One layer with ordinary gradients: everything that F and G save is kept. */
export function coupledLayer(
  { f, g }: ReversibleLayer,
  { first: x1, second: x2 }: StreamPair,
  { lambda, beta, switches }: Coupling,
  shared: readonly Tensor[] = [],
): StreamPair {
  const advance = (x: Tensor, factor: number, update: Tensor) => add(factor === 1 ? x : scale(x, factor), update);
  return scope(() => {
    const y1 = advance(x1, lambda, f(x2, shared));
    const y2 = advance(x2, beta, g(y1, shared));
    return switches ? { first: y2, second: y1 } : { first: y1, second: y2 };
  });
}

/**
 * Runs layers without recording and keeps their last output only (and, with `exact`, the bits that were dropped). The
 * backward pass goes down layer by layer: it reconstructs the inputs, runs F and G again with recording, differentiates
 * them, and lets go of everything before it takes the next layer. Gradients of parameters accumulate there. Inputs and
 * gradients are never changed in place; dropout draws from streams that are named by module and step, so it repeats.
 */
export function reversible(
  layers: readonly ReversibleLayer[],
  { first, second }: StreamPair,
  options: ReversibleOptions,
): StreamPair {
  const { lambda, beta, switches, trains, shared = [], constants = [] } = options;
  const inputs: Record<string, Tensor> = { first, second };
  for (const [index, tensor] of shared.entries()) inputs[`shared${index}`] = tensor;
  for (const [index, parameter] of trains.entries()) inputs[`parameter${index}`] = parameter;
  const arithmetic = options.exact ? fixedPointStreams(first.storageDtype) : floatingPointStreams;
  const outputs = differentiableOutputs('reversible', inputs, (context) => {
    const observer = reversibleObserver();
    const { recording } = context;
    const { selection } = first;
    const dropped: [SavedValue | undefined, SavedValue | undefined][] = [];
    const magnitudes: Tensor[] = [];
    const seen = ({ stream, magnitude }: AdvancedStream): Tensor => {
      if (magnitude !== undefined) magnitudes.push(magnitude);
      return stream;
    };
    const entered = seen(arithmetic.enter(first));
    let streams: StreamPair = { first: entered, second: second === first ? entered : seen(arithmetic.enter(second)) };
    for (const [index, { f, g }] of layers.entries()) {
      observer?.forward?.(index, streams);
      const { first: x1, second: x2 } = streams;
      const y1 = scope(() => arithmetic.advance(x1, lambda, f(arithmetic.value(x2), shared), recording));
      const upper1 = seen(y1);
      drop(x1, x2);
      const y2 = scope(() => arithmetic.advance(x2, beta, g(arithmetic.value(upper1), shared), recording));
      const upper2 = seen(y2);
      drop(x2);
      dropped.push([held(y1.dropped), held(y2.dropped)]);
      streams = switches ? { first: upper2, second: upper1 } : { first: upper1, second: upper2 };
    }
    arithmetic.check(magnitudes);
    for (const constant of constants) context.saveWhole(constant);
    const kept = {
      last: { first: context.saveWhole(streams.first), second: context.saveWhole(streams.second) },
      dropped,
      shared: shared.map((tensor) => context.saveWhole(tensor)),
    };
    const facts = {
      selection,
      needsInput: context.needs('first') || context.needs('second'),
      shared: shared.map((tensor, index) => ({
        selection: tensor.selection,
        requiresGrad: context.needs(`shared${index}`),
      })),
      observer,
      autocast: options.recomputesInFloat32 === true ? undefined : autocastDType(),
    };
    return {
      outputs: [streams.first, streams.second].map((stream) => ({ output: arithmetic.value(stream), selection })),
      backward: ([gradFirst, gradSecond]) => {
        const gradients = bothGradients(gradFirst, gradSecond);
        return new ReversibleWalk(layers, options, arithmetic, facts, kept, gradients).run();
      },
    };

    function held(bits: Tensor | undefined): SavedValue | undefined {
      return bits === undefined ? undefined : context.saveWhole(bits);
    }
  });
  return { first: outputs[0]!, second: outputs[1]! };
}

/** Frees a stream of this region that no layer reads any more; one that stands for both goes with the second. */
function drop(stream: Tensor, other?: Tensor): void {
  if (stream !== other) keep(stream).release();
}
