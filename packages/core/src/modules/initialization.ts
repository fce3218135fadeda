import { RandomStream } from '../random/stream.js';
import { Parameter } from '../tensor/parameter.js';
import { elementCount } from '../tensor/dtype.js';
import { holdsValues } from '../tensor/runtime.js';

/** How a parameter starts where no checkpoint holds it. */
export type Initializer =
  | 'zeros'
  | 'ones'
  /** Normal with the source's standard deviation. */
  | 'normal'
  /** Uniform in ±1/√(columns): torch's default for linear layers, kaiming_uniform with a = √5. */
  | 'kaimingUniform';

/** Gives modules their starting values: from a checkpoint, or fresh. */
export interface ParameterSource {
  /** The source for a child module called `name`. */
  child(name: string): ParameterSource;
  /** The parameter `name` of this module. @throws CorruptFileError where a checkpoint holds another shape. */
  parameter(name: string, shape: readonly number[], initializer: Initializer): Parameter;
}

/** Fresh values: every parameter has a random stream named after it, so adding one changes no other. */
export class RandomParameterSource implements ParameterSource {
  constructor(
    private readonly seed: number,
    /** Standard deviation of `normal` (BERT's initializer_range). */
    private readonly standardDeviation: number,
    private readonly prefix = '',
  ) {}

  child(name: string): ParameterSource {
    return new RandomParameterSource(this.seed, this.standardDeviation, `${this.prefix}${name}.`);
  }

  parameter(name: string, shape: readonly number[], initializer: Initializer): Parameter {
    // Where only shapes are kept, nothing is drawn.
    if (initializer === 'zeros' || initializer === 'ones' || !holdsValues()) {
      return Parameter.filled(shape, initializer === 'ones' ? 1 : 0);
    }
    const values = new Float32Array(elementCount(shape));
    const stream = new RandomStream(this.seed, 'initialization', this.prefix + name);
    if (initializer === 'normal') {
      for (let i = 0; i < values.length; i++) values[i] = stream.normal() * this.standardDeviation;
    } else {
      const bound = 1 / Math.sqrt(shape.at(-1)!);
      for (let i = 0; i < values.length; i++) values[i] = (2 * stream.uniform() - 1) * bound;
    }
    return Parameter.from(values, shape);
  }
}
