import { RandomStream, releaseGradients, scope, tensorFrom, type NamedParameter } from '@leantune/core';

/** The gradient of one parameter beside central differences of the loss along directions. */
export interface DirectionalCheck {
  readonly parameter: string;
  /** Euclidean norm of the gradient. */
  readonly norm: number;
  /** Largest |numeric - analytic| derivative over the directions, all of length 1. */
  readonly error: number;
}

/** Half the distance between the two loss values, as a length in parameter space: float32 wants about 1e-2. */
const step = 1e-2;

/**
 * Compares gradients with (f(p + h d) - f(p - h d)) / 2h along two unit directions d of every parameter: its own
 * gradient, which sees every element that matters, and a random one, which sees wrong directions.
 */
export function directionalCheck(
  /** Returns the loss and leaves the gradients of all parameters. */
  forwardBackward: () => number,
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
        const loss = forwardBackward();
        releaseGradients(parameters);
        return loss;
      };
      const numeric = (at(step) - at(-step)) / (2 * step);
      scope(() => parameter.assign(tensorFrom(start, parameter.shape)));
      return Math.abs(numeric - gradient.reduce((sum, value, element) => sum + value * direction[element]!, 0));
    };
    const directions = [unit(gradient.map(() => random.normal()))];
    if (norm > 0) directions.push(unit(gradient));
    return { parameter: name, norm, error: Math.max(...directions.map(along)) };
  });
}

function unit(vector: Float32Array): Float32Array {
  const norm = length(vector);
  return vector.map((value) => value / norm);
}

function length(vector: Float32Array): number {
  return Math.hypot(...vector);
}
