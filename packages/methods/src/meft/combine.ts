import {
  Linear,
  Module,
  RandomParameterSource,
  UsageError,
  add,
  concatenateFeatures,
  scale,
  scaleBy,
  type Parameter,
  type StreamPair,
  type Tensor,
} from '@leantune/core';
import type { LayerStack, TransformerModel } from '@leantune/models';
import { messages } from '../messages.js';
import { standardDeviation } from './layers.js';
import { defaultCombineScale, type MeftOptions, type MeftVariant } from './options.js';

/** Makes one value of the two streams that the last layer gave. */
export type Combination = (pair: StreamPair) => Tensor;

/** How the published code of each family does it. */
function defaultCombination(family: string): NonNullable<MeftOptions['combine']> {
  if (family === 'opt') return 'sum';
  return family === 'llama' ? 'learned' : 'mean';
}

/** @throws UsageError for a factor that this model's combination does not have */
export function assertCombination(
  { family }: TransformerModel,
  variant: MeftVariant,
  { combine, combineScale }: MeftOptions,
): void {
  const resolved = combine ?? defaultCombination(family);
  if (resolved === 'sum' || combineScale === defaultCombineScale) return;
  const reason = messages.combineWithoutScale(resolved, combine === undefined ? family : undefined);
  throw new UsageError(messages.optionUnfit(variant, `combineScale=${combineScale}`, reason), {
    code: 'LEANTUNE_OPTION_UNFIT',
    remedy: `combine=sum,combineScale=${combineScale}`,
  });
}

/** The combination of one stack; what it trains lies beside the stack. */
export function makeCombination(
  stack: LayerStack,
  variant: MeftVariant,
  { combine, combineScale }: MeftOptions,
  model: TransformerModel,
  seed: number,
): Combination {
  /** The stream that carries the pretrained network, and the other. */
  const ranked = ({ first, second }: StreamPair): readonly [main: Tensor, other: Tensor] =>
    variant === 'meft2' ? [first, second] : [second, first];
  switch (combine ?? defaultCombination(model.family)) {
    case 'mean':
      return ({ first, second }) => scale(add(first, second), 0.5);
    case 'sum':
      return (pair) => {
        const [main, other] = ranked(pair);
        return add(main, scale(other, combineScale));
      };
    case 'concat': {
      const source = new RandomParameterSource(seed, standardDeviation(model), `${stack.path}.concat_layer.`);
      const linear = stack.addSibling(
        'concat_layer',
        new Linear(2 * model.hiddenSize, model.hiddenSize, source, { bias: false }),
      );
      return ({ first, second }) => linear.call(concatenateFeatures(first, second));
    }
    case 'learned': {
      const factor = stack.addSibling('sum_factor', new LearnedFactor(seed));
      return (pair) => {
        const [main, other] = ranked(pair);
        return add(main, factor.call(other));
      };
    }
  }
}

/** A trained factor that starts at 0 (RevLLaMA). */
class LearnedFactor extends Module<[x: Tensor], Tensor> {
  private readonly factor: Parameter;

  constructor(seed: number) {
    super();
    const source = new RandomParameterSource(seed, 0);
    this.factor = this.addParameter('factor', source.parameter('factor', [1], 'zeros'));
  }

  protected forward(x: Tensor): Tensor {
    return scaleBy(x, this.factor);
  }
}
