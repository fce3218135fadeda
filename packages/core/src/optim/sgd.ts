import { consume } from '../kernels/dispatch.js';
import { add, multiply, subtract } from '../kernels/elementwise.js';
import type { Parameter } from '../tensor/parameter.js';
import { scope } from '../tensor/scope.js';
import { stateLike } from './adamW.js';
import type { DecayOptions, FusedOption, NamedParameter, Optimizer, OptimizerDefinition } from './optimizer.js';

export interface SgdOptions extends DecayOptions, FusedOption {
  readonly learningRate: number;
  /** Default 0. */
  readonly momentum?: number;
}

/** torch.optim.SGD: L2 decay in the gradient, v ← μ v + g, p ← p - lr · v. State: v where there is momentum. */
export function sgd(options: SgdOptions): OptimizerDefinition {
  return {
    name: 'sgd',
    learningRate: options.learningRate,
    create: (parameters) => new Sgd(parameters, options),
  };
}

class Sgd implements Optimizer {
  private readonly velocities = new Map<Parameter, Parameter>();

  constructor(
    private readonly parameters: readonly NamedParameter[],
    private readonly options: SgdOptions,
  ) {}

  get fused(): boolean {
    return this.options.fused === true;
  }

  get stateBytes(): number {
    let bytes = 0;
    for (const velocity of this.velocities.values()) bytes += velocity.bytes;
    return bytes;
  }

  step(learningRate: number, gradientScale?: number, only?: Parameter): void {
    const { momentum = 0 } = this.options;
    for (const [name, parameter] of this.parameters) {
      const { gradient } = parameter;
      if (gradient === undefined || (only !== undefined && parameter !== only)) continue;
      const weightDecay = this.options.excludeFromDecay?.(name) === true ? 0 : (this.options.weightDecay ?? 0);
      scope(() => {
        if (momentum === 0 && weightDecay === 0) {
          const change = consume(multiply(gradient, learningRate * (gradientScale ?? 1)));
          parameter.assign(subtract(parameter, change));
          return;
        }
        const scaled = gradientScale === undefined ? gradient : consume(multiply(gradient, gradientScale));
        const direction = weightDecay === 0 ? scaled : consume(add(scaled, consume(multiply(parameter, weightDecay))));
        const change =
          momentum === 0
            ? multiply(direction, learningRate)
            : multiply(this.smoothed(parameter, direction, momentum), learningRate);
        parameter.assign(subtract(parameter, consume(change)));
      });
    }
  }

  release(): void {
    for (const velocity of this.velocities.values()) velocity.release();
    this.velocities.clear();
  }

  private smoothed(parameter: Parameter, direction: ReturnType<typeof multiply>, momentum: number) {
    let velocity = this.velocities.get(parameter);
    if (velocity === undefined) {
      velocity = stateLike(parameter);
      this.velocities.set(parameter, velocity);
    }
    velocity.assign(add(consume(multiply(velocity, momentum)), direction));
    return velocity;
  }
}
