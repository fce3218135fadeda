import {
  Linear,
  Module,
  add,
  narrowerRotary,
  scale,
  scaleBy,
  tanh,
  type Parameter,
  type ParameterSource,
  type Tensor,
} from '@leantune/core';
import { LayerStack, type LayerContext } from '@leantune/models';
import { narrowLayer } from './narrowLayer.js';

/** Temperature of the gates, as published. */
const gateTemperature = 0.1;

/**
 * The ladder beside a stack (Sung et al. 2022, section 3): narrow layers of the same kind, each of which reads a gated
 * sum of the backbone's layer, projected down, and of the side layer below; the last is projected up.
 */
export class SideNetwork extends Module<[hiddens: readonly Tensor[], context: LayerContext], Tensor> {
  private readonly down: readonly Linear[];
  private readonly gates: readonly Gate[];
  readonly layers: LayerStack;
  private readonly up: Linear;

  constructor(
    stack: LayerStack,
    hiddenSize: number,
    private readonly reduction: number,
    source: ParameterSource,
  ) {
    super();
    const count = stack.layers.length;
    const width = hiddenSize / reduction;
    // One more than there are layers: the first reads the embeddings.
    this.down = Array.from({ length: count + 1 }, (_, index) => {
      const name = `down.${index}`;
      return this.addChild(name, new Linear(hiddenSize, width, source.child(name)));
    });
    this.gates = Array.from({ length: count }, (_, index) => {
      const name = `gates.${index}`;
      return this.addChild(name, new Gate(source.child(name)));
    });
    const options = (layer: number) => narrowLayer(stack.layers[layer]!.options, reduction);
    this.layers = this.addChild('layers', new LayerStack(stack.kind, count, options, source.child('layers')));
    this.up = this.addChild('up', new Linear(width, hiddenSize, source.child('up')));
  }

  /**
   * @param hiddens the embeddings and the output of every layer of the backbone: [batch, length, hidden]
   * @returns [batch, length, hidden]
   */
  protected forward(hiddens: readonly Tensor[], context: LayerContext): Tensor {
    const { rotary } = context;
    const own = rotary === undefined ? context : { ...context, rotary: narrowerRotary(rotary, this.reduction) };
    const below = (index: number) => this.down[index]!.call(hiddens[index]!); // [batch, length, hidden / reduction]
    const side = this.layers.layers.reduce((hidden, layer, index) => {
      const read = this.gates[index]!.call(below(index + 1), hidden);
      return layer.call(read, own);
    }, below(0));
    return this.up.call(side);
  }
}

/** μ a + (1 - μ) b with μ = sigmoid(α / temperature), from a scalar α that starts at 0: as much of either. */
class Gate extends Module<[a: Tensor, b: Tensor], Tensor> {
  private readonly alpha: Parameter;

  constructor(source: ParameterSource) {
    super();
    this.alpha = this.addParameter('alpha', source.parameter('alpha', [1], 'zeros'));
  }

  protected forward(a: Tensor, b: Tensor): Tensor {
    // sigmoid(x) = (1 + tanh(x / 2)) / 2, so that the sum is the mean plus tanh(x / 2) times half the difference.
    const lean = tanh(scale(this.alpha, 1 / (2 * gateTemperature))); // [1]
    const halfDifference = scale(add(a, scale(b, -1)), 0.5);
    return add(add(b, halfDifference), scaleBy(halfDifference, lean));
  }
}
