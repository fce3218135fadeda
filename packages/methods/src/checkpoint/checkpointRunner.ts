import { checkpoint, type Tensor } from '@leantune/core';
import { constantsOf, type LayerContext, type StackRunner, type TransformerLayer } from '@leantune/models';

/** Runs `every` layers at a time, of which only the input is kept; they run again in the backward pass. */
export function checkpointRunner(every: number): StackRunner {
  return (layers, x, context) => {
    let hidden = x;
    for (let first = 0; first < layers.length; first += every) {
      hidden = runOnceMore(layers.slice(first, first + every), first, hidden, context);
    }
    return hidden;
  };
}

function runOnceMore(layers: readonly TransformerLayer[], first: number, x: Tensor, context: LayerContext): Tensor {
  const trained = layers.flatMap((layer) => layer.parameters()).filter(({ requiresGrad }) => requiresGrad);
  const { shared, restore } = differentiableParts(context, first, layers.length);
  const body = (input: Tensor, values: readonly Tensor[]) => {
    const own = restore(values);
    return layers.reduce((hidden, layer) => layer.call(hidden, own), input);
  };
  return checkpoint(body, x, trained, { shared, constants: constantsOf(context) });
}

/** What layers [first, first + count) read besides their input and may have to send gradients to. */
function differentiableParts(context: LayerContext, first: number, count: number) {
  const { encoder, prefixes } = context;
  const own = prefixes?.slice(first, first + count) ?? [];
  const shared = [...(encoder === undefined ? [] : [encoder.hidden]), ...own.flatMap(({ key, value }) => [key, value])];
  const restore = (values: readonly Tensor[]): LayerContext => {
    const behind = encoder === undefined ? 0 : 1;
    return {
      ...context,
      ...(encoder !== undefined && { encoder: { ...encoder, hidden: values[0]! } }),
      ...(prefixes !== undefined && {
        prefixes: prefixes.map((prefix, layer) => {
          const at = behind + 2 * (layer - first);
          return layer < first || layer >= first + count ? prefix : { key: values[at]!, value: values[at + 1]! };
        }),
      }),
    };
  };
  return { shared, restore };
}
