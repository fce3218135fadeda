import type { OpContext, OpResult } from '../autograd/differentiable.js';
import { fusedAttention, fusedAttentionGradients } from '../kernels/attention.js';
import { consume } from '../kernels/dispatch.js';
import { multiply } from '../kernels/elementwise.js';
import { gather, reshape } from '../kernels/shape.js';
import { heldAs } from '../kernels/storage.js';
import type { Tensor } from '../tensor/tensor.js';
import type { AttentionOptions } from './attention.js';
import { queryBlocks, streamOfBlock } from './attentionBlocks.js';

export type AttentionTensors = Readonly<Record<'query' | 'key' | 'value', Tensor>>;

/**
 * Attention under `lean` where the backend has it as one kernel. Saves what the composed form saves: q, k, v and the mask,
 * which is part of the batch; dropout draws the same bits.
 */
export function fusedAttentionPass(
  context: OpContext<AttentionTensors>,
  { query, key, value }: AttentionTensors,
  { heads, keyValueHeads = heads, mask, dropout, scaling }: AttentionOptions,
): OpResult {
  const [batch, length, width] = query.shape as [number, number, number];
  const { selection } = query;
  const blocks = queryBlocks([batch, heads, length, key.shape[1]!], query.size);
  const drops = dropout !== undefined && dropout.rate > 0;
  const settings = {
    heads,
    keyValueHeads,
    scaling: scaling ?? 1 / Math.sqrt(width / heads),
    absolute: mask?.causal?.absolute === true,
    rate: drops ? dropout.rate : 0,
    length,
    blockSize: blocks[0]!.end,
    streams: drops ? blocks.map((_, index) => streamOfBlock(dropout, index).key) : [],
  };
  const masks = { maskKeys: mask?.keys, causalQueries: mask?.causal?.queries, causalKeys: mask?.causal?.keys };
  const output = fusedAttention({ query, key, value, ...masks }, settings);
  const restore = context.recording ? save() : undefined;
  return {
    output,
    selection,
    backward: (gradOutput) => {
      const needs = { query: context.needs('query'), key: context.needs('key'), value: context.needs('value') };
      const gradients = fusedAttentionGradients(gradOutput, restore!(), settings, needs);
      return {
        query: gradients.query,
        key: gradients.key && ofSelected(gradients.key, key),
        value: gradients.value && ofSelected(gradients.value, value),
      };
    },
  };

  function save() {
    const savedQuery = context.save(query);
    const savedKey = context.saveWhole(key);
    const savedValue = context.needs('query') || context.needs('key') ? context.saveWhole(value) : undefined;
    // Part of the batch: only kept alive.
    const { queries, selectedQueries, keys } = mask?.causal ?? {};
    for (const part of [mask?.keys, queries, selectedQueries, keys]) {
      if (part !== undefined) context.saveWhole(part);
    }
    return () => ({
      query: savedQuery.get(),
      key: savedKey.get(),
      value: savedValue?.get(),
      ...masks,
      causalQueries: selection === undefined ? masks.causalQueries : selectedQueries,
      rows: selection?.rows,
    });
  }
}

/** The gradient of all keys or values, only the selected rows of `input`. */
function ofSelected(full: Tensor, { selection }: Tensor): Tensor {
  if (selection === undefined) return full;
  const { batch, length, tokens, rows } = selection;
  const width = full.shape[2]!;
  const flat = consume(reshape(consume(full), [batch * length, width]));
  const gradient = reshape(consume(gather(flat, rows)), [batch, tokens, width]);
  // A padded slot points at a real token that has a slot of its own: counted there only.
  return selection.slotMask === undefined
    ? gradient
    : multiply(consume(gradient), heldAs(selection.slotMask, gradient.storageDtype));
}
