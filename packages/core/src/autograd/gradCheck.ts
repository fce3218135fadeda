import { scope } from '../tensor/scope.js';
import type { Parameter } from '../tensor/parameter.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';
import { backward } from './backward.js';
import { noGrad } from './gradMode.js';
import { graphScope } from './node.js';

/** Largest deviation of one parameter's gradient from central differences. */
export interface GradCheckResult {
  readonly parameter: string;
  /** max |analytic - numeric| over the checked elements. */
  readonly maxAbsoluteError: number;
  /** `maxAbsoluteError` over the largest absolute value of the numeric gradient (1 if that is 0). */
  readonly maxRelativeError: number;
  /** Largest absolute value of the numeric gradient: 0 means that nothing was checked. */
  readonly maxNumeric: number;
}

export interface GradCheckOptions {
  /** Half the distance between the two function values; float32 wants about 1e-2 … 1e-3. */
  readonly step?: number;
  /** At most this many elements of every parameter, evenly spread. */
  readonly elements?: number;
}

/**
 * Compares the gradients of a scalar function with central finite differences
 * (f(p + h) - f(p - h)) / 2h, element by element. Gradients are left at undefined.
 */
export function gradCheck(
  evaluate: () => Tensor,
  parameters: Readonly<Record<string, Parameter>>,
  { step = 1e-2, elements = 24 }: GradCheckOptions = {},
): GradCheckResult[] {
  graphScope(() => scope(() => backward(evaluate())));
  const analytic = new Map<string, Float32Array>();
  for (const [name, parameter] of Object.entries(parameters)) {
    analytic.set(
      name,
      parameter.gradient ? (parameter.gradient.read() as Float32Array) : new Float32Array(parameter.size),
    );
    parameter.gradient?.release();
    parameter.gradient = undefined;
  }
  const value = () => noGrad(() => scope(() => evaluate().item()));
  return Object.entries(parameters).map(([name, parameter]) => {
    const original = Float32Array.from(parameter.read());
    const stride = Math.ceil(original.length / elements);
    let maxAbsoluteError = 0;
    let largest = 0;
    for (let index = 0; index < original.length; index += stride) {
      const at = (offset: number): number => {
        const moved = Float32Array.from(original);
        moved[index] = original[index]! + offset;
        scope(() => parameter.assign(tensorFrom(moved, parameter.shape)));
        return value();
      };
      const numeric = (at(step) - at(-step)) / (2 * step);
      largest = Math.max(largest, Math.abs(numeric));
      maxAbsoluteError = Math.max(maxAbsoluteError, Math.abs(numeric - analytic.get(name)![index]!));
    }
    scope(() => parameter.assign(tensorFrom(original, parameter.shape)));
    const maxRelativeError = maxAbsoluteError / (largest === 0 ? 1 : largest);
    return { parameter: name, maxAbsoluteError, maxRelativeError, maxNumeric: largest };
  });
}
