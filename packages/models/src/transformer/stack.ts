import { Module, type ParameterSource, type Tensor } from '@leantune/core';
import type { LayerContext } from './context.js';
import { TransformerLayer, type LayerOptions } from './layer.js';

/** Runs the layers of a stack: x [batch, length, hidden] → the same shape. Methods may put another one in its place. */
export type StackRunner = (layers: readonly TransformerLayer[], x: Tensor, context: LayerContext) => Tensor;

const oneAfterAnother: StackRunner = (layers, x, context) =>
  layers.reduce((hidden, layer) => layer.call(hidden, context), x);

/** The layers of an encoder or a decoder; named as the list of layers in a checkpoint. */
export class LayerStack extends Module<[x: Tensor, context: LayerContext], Tensor> {
  readonly layers: readonly TransformerLayer[];
  runner: StackRunner = oneAfterAnother;
  /** What a method makes of the embedded tokens where another stack shares their look-up: [batch, length, hidden]. */
  extendEmbeddings: (embedded: Tensor) => Tensor = (embedded) => embedded;
  /** What a method adds to the context before the layers run. */
  extendContext: (context: LayerContext) => LayerContext = (context) => context;

  constructor(
    readonly kind: 'encoder' | 'decoder',
    count: number,
    /** What the layers are made of: the same for all, or by index. */
    options: LayerOptions | ((layer: number) => LayerOptions),
    source: ParameterSource,
  ) {
    super();
    this.layers = Array.from({ length: count }, (_, index) => {
      const own = typeof options === 'function' ? options(index) : options;
      return this.addChild(String(index), new TransformerLayer(own, kind, index, source.child(String(index))));
    });
  }

  protected forward(x: Tensor, context: LayerContext): Tensor {
    return this.runner(this.layers, x, this.extendContext(context));
  }
}
