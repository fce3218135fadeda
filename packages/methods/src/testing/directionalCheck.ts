import {
  RandomStream,
  releaseGradients,
  scope,
  tensorFrom,
  type ModelOutput,
  type NamedParameter,
} from '@leantune/core';

/** The gradient of one parameter beside central differences of the loss along directions. */
export interface DirectionalCheck {
  readonly parameter: string;
  /** Euclidean norm of the gradient. */
  readonly norm: number;
  /** |numeric - analytic| derivative along the direction; its largest over all directions where there are several. */
  readonly error: number;
}

/** Forward and backward pass: returns the loss and leaves the gradients of all parameters. */
type ForwardBackward = (onOutput?: (output: ModelOutput) => void) => number;

/** The loss alone: the backward pass, most of the time, is left out by an error that ends the step. */
function lossOf(forwardBackward: ForwardBackward): number {
  const enough = new Error('the loss is known');
  let loss = NaN;
  try {
    forwardBackward((output) => {
      loss = output.loss.item();
      throw enough;
    });
  } catch (error) {
    if (error !== enough) throw error;
  }
  return loss;
}

/** Half the distance between the two loss values, as a length in parameter space: float32 wants about 1e-2. */
const step = 1e-2;

/**
 * Compares gradients with (f(p + h d) - f(p - h d)) / 2h along one direction d of length 1 of every parameter:
 * halfway between its own gradient, which sees every element that matters, and a random one, which sees wrong ones.
 */
export function directionalCheck(
  forwardBackward: ForwardBackward,
  parameters: readonly NamedParameter[],
): DirectionalCheck[] {
  forwardBackward();
  const analytic = parameters.map(([, { gradient, size }]) =>
    gradient === undefined ? new Float32Array(size) : Float32Array.from(gradient.read()),
  );
  releaseGradients(parameters);
  const random = new RandomStream(1, 'directions');
  return parameters.map(([name, parameter], index) => {
    const gradient = analytic[index]!;
    const norm = length(gradient);
    const start = Float32Array.from(parameter.read());
    const along = (direction: Float32Array): number => {
      const at = (distance: number): number => {
        const moved = start.map((value, element) => value + distance * direction[element]!);
        scope(() => parameter.assign(tensorFrom(moved, parameter.shape)));
        return lossOf(forwardBackward);
      };
      const numeric = (at(step) - at(-step)) / (2 * step);
      scope(() => parameter.assign(tensorFrom(start, parameter.shape)));
      return Math.abs(numeric - gradient.reduce((sum, value, element) => sum + value * direction[element]!, 0));
    };
    const other = unit(gradient.map(() => random.normal()));
    const own = norm > 0 ? unit(gradient) : other;
    return { parameter: name, norm, error: along(unit(own.map((value, element) => value + other[element]!))) };
  });
}

/** Where the loss bends within the usual step, a shorter one tells; its rounding is larger. */
const jointSteps = [step, step / 8];

/** The same for all parameters at once: two directions through the space of all their elements. */
export function jointDirectionalCheck(
  forwardBackward: ForwardBackward,
  parameters: readonly NamedParameter[],
): Omit<DirectionalCheck, 'parameter'> {
  forwardBackward();
  const gradients = parameters.map(([, { gradient, size }]) =>
    gradient === undefined ? new Float32Array(size) : Float32Array.from(gradient.read()),
  );
  releaseGradients(parameters);
  const starts = parameters.map(([, parameter]) => Float32Array.from(parameter.read()));
  const moveTo = (values: readonly Float32Array[]) =>
    parameters.forEach(([, parameter], index) =>
      scope(() => parameter.assign(tensorFrom(values[index]!, parameter.shape))),
    );
  const random = new RandomStream(1, 'directions');
  const norm = jointLength(gradients);
  const along = (direction: readonly Float32Array[]): number => {
    const scaleTo = 1 / jointLength(direction);
    const at = (distance: number): number => {
      moveTo(starts.map((start, index) => start.map((value, i) => value + distance * scaleTo * direction[index]![i]!)));
      return lossOf(forwardBackward);
    };
    const slopes = jointSteps.map((distance) => (at(distance) - at(-distance)) / (2 * distance));
    moveTo(starts);
    const analytic = gradients.reduce(
      (sum, gradient, index) =>
        sum + gradient.reduce((part, value, i) => part + value * scaleTo * direction[index]![i]!, 0),
      0,
    );
    return Math.min(...slopes.map((slope) => Math.abs(slope - analytic)));
  };
  return {
    norm,
    error: Math.max(along(gradients.map((values) => values.map(() => random.normal()))), along(gradients)),
  };
}

function jointLength(vectors: readonly Float32Array[]): number {
  return Math.hypot(...vectors.map(length));
}

function unit(vector: Float32Array): Float32Array {
  const norm = length(vector);
  return vector.map((value) => value / norm);
}

function length(vector: Float32Array): number {
  return Math.hypot(...vector);
}
