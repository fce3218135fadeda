import { consume } from '../kernels/dispatch.js';
import { add, cast, greater, multiply } from '../kernels/elementwise.js';
import { concatenate, gather, reshape, slice } from '../kernels/shape.js';
import { streamKey } from '../random/stream.js';
import { withCategory } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import type { TokenSelection } from '../tensor/selection.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';
import { keepMask, type DropoutStream } from '../kernels/dropout.js';
import type { AttentionMask } from './mask.js';

/** Queries [begin, end) of a block. */
export interface Block {
  readonly begin: number;
  readonly end: number;
}

/** Scores of a block, unless the queries themselves are more: 64 MiB of float32. */
const mostScores = 2 ** 24;

/**
 * Blocks of queries whose scores [batch, heads, rows, keys] are no more than `mostScores`, or than the numbers of all queries;
 * at least one query each. What they are follows from shapes alone.
 */
export function queryBlocks([batch, heads, rows, keys]: readonly number[], queryElements: number): Block[] {
  const most = Math.max(mostScores, queryElements);
  const size = Math.max(1, Math.floor(most / (batch! * heads! * keys!)));
  const blocks: Block[] = [];
  for (let begin = 0; begin < rows!; begin += size) blocks.push({ begin, end: Math.min(rows!, begin + size) });
  return blocks;
}

/** x [batch, rows, ...] or [batch, heads, rows, ...], only the rows of a block along `axis`. */
export function rowsOfBlock(x: Tensor, { begin, end }: Block, axis: 1 | 2): Tensor {
  const at = (value: number, others: (axis: number) => number) =>
    x.shape.map((_, each) => (each === axis ? value : others(each)));
  return slice(
    x,
    at(begin, () => 0),
    at(end - begin, (each) => x.shape[each]!),
  );
}

/** The mask of a block of queries, which are the selected ones where `selected` says so. */
export function maskOfBlock(
  mask: AttentionMask | undefined,
  block: Block,
  selected: boolean,
): AttentionMask | undefined {
  if (mask?.causal === undefined) return mask;
  const { queries, selectedQueries } = mask.causal;
  const own = selected
    ? { selectedQueries: rowsOfBlock(selectedQueries!, block, 2) }
    : { queries: rowsOfBlock(queries, block, 2) };
  return { ...mask, causal: { ...mask.causal, ...own } };
}

/** Each block draws from a stream of its own, so that it can be drawn without the others. */
export function streamOfBlock({ rate, key: [first, second] }: DropoutStream, index: number): DropoutStream {
  return { rate, key: index === 0 ? [first, second] : streamKey(first >>> 0, 'attention block', second, index) };
}

/** Which probabilities of a block stay: bool [batch, heads, rows of the block, keys]. */
export function keepMaskOfBlock(
  [batch, heads, , keys]: readonly number[],
  blocks: readonly Block[],
  index: number,
  dropout: DropoutStream,
): Tensor {
  const { begin, end } = blocks[index]!;
  return keepMask([batch!, heads!, end - begin, keys!], streamOfBlock(dropout, index));
}

/** The same of all blocks: bool [batch, heads, queries, keys]. */
export function wholeKeepMask(shape: readonly number[], blocks: readonly Block[], dropout: DropoutStream): Tensor {
  if (blocks.length === 1) return keepMask(shape, dropout);
  return scope(() =>
    concatenate(
      blocks.map((_, index) => keepMaskOfBlock(shape, blocks, index, dropout)),
      2,
    ),
  );
}

/** The same of the selected queries alone: bool [batch, heads, tokens, keys]; never holds more than a block of the others. */
export function selectedKeepMask(
  shape: readonly number[],
  blocks: readonly Block[],
  dropout: DropoutStream,
  selection: TokenSelection,
): Tensor {
  const [batch, heads, , keys] = shape as [number, number, number, number];
  const { tokens, positions } = selection;
  let total: Tensor | undefined;
  for (const [index, { begin, end }] of blocks.entries()) {
    const inside = (slot: number) => positions[slot]! >= begin && positions[slot]! < end;
    if (!positions.some((_, slot) => inside(slot))) continue;
    const before = total;
    total = scope(() => {
      const rows = new Int32Array(batch * heads * tokens);
      for (let at = 0; at < rows.length; at++) {
        const pair = Math.floor(at / tokens);
        const slot = Math.floor(pair / heads) * tokens + (at % tokens);
        // Rows of other blocks are multiplied by 0.
        rows[at] = pair * (end - begin) + (inside(slot) ? positions[slot]! - begin : 0);
      }
      const belongs = Float32Array.from(positions, (_, slot) => (inside(slot) ? 1 : 0));
      const [rowTensor, factors] = withCategory('batch', () => [
        tensorFrom(rows, [rows.length], 'int32'),
        tensorFrom(belongs, [batch, 1, tokens, 1]),
      ]);
      const drawn = consume(keepMaskOfBlock(shape, blocks, index, dropout));
      const flat = consume(reshape(drawn, [batch * heads * (end - begin), keys]));
      const own = consume(reshape(consume(gather(flat, rowTensor)), [batch, heads, tokens, keys]));
      const counted = multiply(consume(cast(own, 'float32')), factors);
      return before === undefined ? counted : add(consume(before), consume(counted));
    });
  }
  return greater(consume(total!), 0.5);
}
