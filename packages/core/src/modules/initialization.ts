import { RandomStream } from '../random/stream.js';
import { Parameter } from '../tensor/parameter.js';
import { elementCount } from '../tensor/dtype.js';

/** How a parameter starts where no checkpoint holds it. */
export type Initializer = 'normal' | 'zeros' | 'ones';

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
    const values = new Float32Array(elementCount(shape));
    if (initializer === 'ones') values.fill(1);
    if (initializer === 'normal') {
      const stream = new RandomStream(this.seed, 'initialization', this.prefix + name);
      for (let i = 0; i < values.length; i++) values[i] = stream.normal() * this.standardDeviation;
    }
    return Parameter.from(values, shape);
  }
}
