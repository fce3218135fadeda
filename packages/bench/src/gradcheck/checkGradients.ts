/** The gradient of reversible layers beside the ordinary one, layer by layer, and how well inputs are reconstructed. */
import {
  forwardBackward,
  memoryMeter,
  releaseGradients,
  trainedParameters,
  withParameterStorage,
  withReversibleObserver,
  type Batch,
  type Precision,
  type StreamPair,
} from '@leantune/core';
import { applyMethods, parseMethodSpec, withOrdinaryGradient, type MethodSpec } from '@leantune/methods';
import type { LayerStack, TransformerModel } from '@leantune/models';

/** One layer of the model; layer 0 of a stack is the lowest, whose input is reconstructed last. */
export interface LayerGradient {
  /** Name of the layer, e.g. `bert.encoder.layer.0`. */
  readonly layer: string;
  /** Relative L2 error of the reconstructed input, the larger one of the two streams; absent for ordinary layers. */
  readonly reconstructionError?: number;
  /** Between the gradients of all trained parameters of the layer; NaN where one of them is no number. */
  readonly cosine: number;
  /** ‖reversible‖ / ‖ordinary‖ */
  readonly normRatio: number;
}

export interface GradientCheck {
  readonly layers: readonly LayerGradient[];
  /** Loss of the method, and of the same with ordinary gradients. */
  readonly loss: number;
  readonly ordinaryLoss: number;
  /** What the run itself warned of. */
  readonly warnings: readonly string[];
}

export interface CheckOptions {
  /** Names dropout and the trained modules' start. */
  readonly seed: number;
  readonly precision: Precision;
}

/**
 * Differentiates one training step twice, as the method does it and with ordinary gradients.
 * @param makeModel a fresh model with the same weights for each call
 * @throws UsageError where the method has no reversible layers
 */
export function checkGradients(
  makeModel: () => TransformerModel,
  method: string,
  batch: Batch,
  options: CheckOptions,
): GradientCheck {
  const spec = parseMethodSpec(method);
  const ordinarySpec = withOrdinaryGradient(spec);
  const reconstruction = new ReconstructionErrors();
  const warnings: string[] = [];
  const onWarning = (message: string) => warnings.push(message);
  const found = withReversibleObserver(reconstruction, () => gradientsOf(makeModel(), spec, batch, options, onWarning));
  const ordinary = gradientsOf(makeModel(), ordinarySpec, batch, options, onWarning);
  const layers = found.layers.map(({ layer, stack, index, gradient }, position): LayerGradient => {
    const reconstructionError = reconstruction.of(stack, index);
    const expected = ordinary.layers[position]!.gradient;
    return {
      layer,
      ...(reconstructionError !== undefined && { reconstructionError }),
      cosine: dot(gradient, expected) / (norm(gradient) * norm(expected)),
      normRatio: norm(gradient) / norm(expected),
    };
  });
  return { layers, loss: found.loss, ordinaryLoss: ordinary.loss, warnings };
}

/** The gradient of one adapted layer, as one vector. */
interface LayerVector {
  readonly layer: string;
  readonly stack: string;
  /** Among the adapted layers of its stack. */
  readonly index: number;
  readonly gradient: Float32Array;
}

/** Releases the model. */
function gradientsOf(
  model: TransformerModel,
  spec: MethodSpec,
  batch: Batch,
  { seed, precision }: CheckOptions,
  onWarning: (message: string) => void,
): { readonly loss: number; readonly layers: readonly LayerVector[] } {
  try {
    withParameterStorage(precision.storage, () => applyMethods(model, spec, { seed, onWarning }));
    model.autocast = precision.autocast;
    const loss = forwardBackward(model, batch, { seed, microStep: 0 })!;
    return { loss, layers: model.stacks.flatMap(layerVectors) };
  } finally {
    releaseGradients(trainedParameters(model));
    model.release();
  }
}

function layerVectors(stack: LayerStack): LayerVector[] {
  const adapted = stack.layers.filter((layer) => layer.parameters().some(({ gradient }) => gradient !== undefined));
  return adapted.map((layer, index) => {
    const parts = layer.parameters().flatMap(({ gradient }) => (gradient === undefined ? [] : [...gradient.read()]));
    return { layer: layer.path, stack: stack.path, index, gradient: Float32Array.from(parts) };
  });
}

/** Keeps the streams of the forward pass on the host, and their errors once they are reconstructed. */
class ReconstructionErrors {
  private readonly inputs = new Map<string, readonly (readonly [Float64Array, Float64Array])[]>();
  private readonly errors = new Map<string, number>();

  readonly forward = (layer: number, pair: StreamPair): void => {
    const key = memoryMeter().layer; // of the stack that runs
    this.inputs.set(key, [...(this.inputs.get(key) ?? []).slice(0, layer), values(pair)]);
  };

  readonly reconstructed = (layer: number, pair: StreamPair): void => {
    const key = memoryMeter().layer;
    const expected = this.inputs.get(key)![layer]!;
    const errors = values(pair).map((stream, index) => relativeError(stream, expected[index]!));
    // Math.max would lose a NaN that stands behind a number.
    this.errors.set(`${key}/${layer}`, errors.some(Number.isNaN) ? NaN : Math.max(...errors));
  };

  of(stack: string, layer: number): number | undefined {
    return this.errors.get(`${stack}/${layer}`);
  }
}

function values({ first, second }: StreamPair): readonly [Float64Array, Float64Array] {
  return [Float64Array.from(first.read()), Float64Array.from(second.read())];
}

function relativeError(found: Float64Array, expected: Float64Array): number {
  return norm(found.map((value, index) => value - expected[index]!)) / norm(expected);
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
}

const norm = (a: ArrayLike<number>): number => Math.sqrt(dot(a, a));
