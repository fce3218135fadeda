import { adamWUpdate } from '../kernels/adamWUpdate.js';
import { add, multiply } from '../kernels/elementwise.js';
import { Parameter } from '../tensor/parameter.js';
import { scope } from '../tensor/scope.js';
import type {
  DecayKind,
  DecayOptions,
  FusedOption,
  NamedParameter,
  Optimizer,
  OptimizerDefinition,
} from './optimizer.js';

export interface AdamWOptions extends DecayOptions, FusedOption {
  readonly learningRate: number;
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Default `decoupled`; `l2` is torch.optim.Adam. */
  readonly decay?: DecayKind;
}

/** torch.optim.AdamW, or torch.optim.Adam with `decay: 'l2'`. State: two moments of each parameter's size. */
export function adamW(options: AdamWOptions): OptimizerDefinition {
  return {
    name: 'adamw',
    learningRate: options.learningRate,
    create: (parameters) => new AdamW(parameters, options),
  };
}

interface Moments {
  readonly first: Parameter;
  readonly second: Parameter;
  step: number;
}

class AdamW implements Optimizer {
  private readonly moments = new Map<Parameter, Moments>();

  constructor(
    private readonly parameters: readonly NamedParameter[],
    private readonly options: AdamWOptions,
  ) {}

  get fused(): boolean {
    return this.options.fused === true;
  }

  get stateBytes(): number {
    let bytes = 0;
    for (const { first, second } of this.moments.values()) bytes += first.bytes + second.bytes;
    return bytes;
  }

  step(learningRate: number, gradientScale?: number, only?: Parameter): void {
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decay = 'decoupled' } = this.options;
    for (const [name, parameter] of this.parameters) {
      const { gradient } = parameter;
      if (gradient === undefined || (only !== undefined && parameter !== only)) continue;
      const moments = this.momentsOf(parameter);
      moments.step += 1;
      const weightDecay = this.options.excludeFromDecay?.(name) === true ? 0 : (this.options.weightDecay ?? 0);
      const settings = { learningRate, beta1, beta2, epsilon, step: moments.step };
      const targets = { parameter, firstMoment: moments.first, secondMoment: moments.second };
      if (decay === 'decoupled' || weightDecay === 0) {
        adamWUpdate(targets, gradient, { ...settings, weightDecay, gradientScale });
      } else {
        scope(() => {
          const scaled = gradientScale === undefined ? gradient : multiply(gradient, gradientScale);
          const total = add(scaled, multiply(parameter, weightDecay));
          adamWUpdate(targets, total, { ...settings, weightDecay: 0 });
        });
      }
    }
  }

  release(): void {
    for (const { first, second } of this.moments.values()) {
      first.release();
      second.release();
    }
    this.moments.clear();
  }

  /** Made at the first gradient, as PyTorch does. */
  private momentsOf(parameter: Parameter): Moments {
    const known = this.moments.get(parameter);
    if (known !== undefined) return known;
    const first = stateLike(parameter);
    try {
      const moments = { first, second: stateLike(parameter), step: 0 };
      this.moments.set(parameter, moments);
      return moments;
    } catch (error) {
      first.release();
      throw error;
    }
  }
}

/** Zeros of a parameter's shape that an optimiser keeps and replaces. */
export function stateLike(parameter: Parameter): Parameter {
  return Parameter.filled(parameter.shape, 0, { category: 'optimizerState', storage: parameter.storageDtype });
}
