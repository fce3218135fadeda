import { RandomParameterSource, type Coupling, type ReversibleLayer, type Tensor } from '@leantune/core';
import type { LayerContext, Site, TransformerLayer, TransformerModel } from '@leantune/models';
import { insertLora } from '../lora/lora.js';
import { AfterSum, BesideSum, MeftAdapter } from './adapter.js';
import { defaultFactors, type MeftOptions, type MeftVariant } from './options.js';

/** F and G of one layer for the context of one forward pass. */
export type LayerMaker = (context: LayerContext) => ReversibleLayer;

/** λ, β and whether the streams change places: MEFT3's do not. */
export function couplingOf(variant: MeftVariant, options: MeftOptions): Coupling {
  const { lambda, beta } = defaultFactors(variant, options.gradient);
  return { lambda: options.lambda ?? lambda, beta: options.beta ?? beta, switches: variant !== 'meft3' };
}

/** LoRA's alpha in the published variant. */
const loraAlpha = 16;

/**
 * Puts the trained modules of a variant into one layer. MEFT1 and MEFT2: the layer with an adapter beside its
 * feed-forward block, and an adapter of its own; MEFT3: an adapter after the attention, one beside the feed-forward block.
 */
export function insertInto(
  layer: TransformerLayer,
  variant: MeftVariant,
  options: MeftOptions,
  model: TransformerModel,
  seed: number,
): LayerMaker {
  const { attention, crossAttention, feedForward } = layer;
  const bottleneck = {
    width: options.width,
    activation: options.activation ?? feedForward.activationName,
    dropout: feedForward.dropoutRate,
  };
  const adapter = (name: string) => {
    const source = new RandomParameterSource(seed, standardDeviation(model), `${layer.path}.${name}.`);
    return new MeftAdapter(model.hiddenSize, bottleneck, source);
  };
  const beside = () => feedForward.insertSum('ffn_adapter', new BesideSum(adapter('ffn_adapter')));

  if (variant === 'meft3') {
    if (options.adapter === 'lora') insertUpdates(layer, model, options, seed);
    else {
      const name = `${folderOf(attention.output, layer)}attn_adapter`;
      attention.insertSum(name, new AfterSum(adapter(name)));
    }
    beside();
    return (context) => ({
      f: (x, shared) => {
        const own = withShared(context, shared);
        const attended = attention.call(x, own);
        return crossAttention?.call(attended, own) ?? attended;
      },
      g: (x) => feedForward.call(x, context),
    });
  }
  if (options.adapter === 'lora') insertUpdates(layer, model, options, seed);
  else beside();
  const own = layer.insert('rev_adapter', adapter('rev_adapter'));
  return (context) => {
    const whole = (x: Tensor, shared: readonly Tensor[]) => layer.call(x, withShared(context, shared));
    const small = (x: Tensor) => own.call(x);
    return variant === 'meft1' ? { f: whole, g: small } : { f: small, g: whole };
  };
}

/** What a decoder attends to gets its gradient from the region: there it is another tensor in the backward pass. */
function withShared(context: LayerContext, [hidden]: readonly Tensor[]): LayerContext {
  return hidden === undefined ? context : { ...context, encoder: { ...context.encoder!, hidden } };
}

/** Standard deviation of fresh weights, as the configuration has it. */
export function standardDeviation({ configuration }: TransformerModel): number {
  const { initializer_range: range, init_std: deviation } = configuration;
  const found = [range, deviation].find((value) => typeof value === 'number');
  return found ?? 0.02;
}

/** `attention.output.` for the site `attention.output.dense` of the layer. */
function folderOf(site: Site, layer: TransformerLayer): string {
  const name = site.path.slice(layer.path.length + 1);
  return name.slice(0, name.lastIndexOf('.') + 1);
}

/** LoRA at the layer's query and value projections. */
function insertUpdates(layer: TransformerLayer, model: TransformerModel, { width }: MeftOptions, seed: number): void {
  const sites = model.sites.filter(
    (site) => /^attention\.(query|value)$/.test(site.address.name) && site.path.startsWith(`${layer.path}.`),
  );
  insertLora(sites, { rank: width, alpha: loraAlpha, dropout: 0, rankStabilized: false }, seed);
}
