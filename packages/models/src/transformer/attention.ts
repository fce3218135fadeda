import {
  Dropout,
  Linear,
  Module,
  attention,
  prependTokens,
  rotary,
  sliceFeatures,
  type AttentionMask,
  type ParameterSource,
  type RotaryTable,
  type Tensor,
  type WeightLayout,
} from '@leantune/core';
import type { PrefixStates } from './context.js';
import { Site, type SiteAddress } from './site.js';

/** Shape of multi-head attention. */
export interface AttentionShape {
  readonly hiddenSize: number;
  readonly heads: number;
  /** Heads of keys and values; default `heads`. */
  readonly keyValueHeads?: number | undefined;
  /** Features of a head; default hiddenSize / heads. */
  readonly headSize?: number | undefined;
  /** Biases of the query, key and value projections. Default true. */
  readonly bias?: boolean | undefined;
  /** Bias of the output projection. Default that of the others. */
  readonly outputBias?: boolean | undefined;
  /** Dropout of the attention probabilities. */
  readonly dropout: number;
  /** Factor on the scores. Default 1/√headSize. */
  readonly scaling?: number | undefined;
}

/** Names of the three projections in a checkpoint, or of the one that computes all three side by side. */
export type ProjectionNames =
  | { readonly query: string; readonly key: string; readonly value: string }
  | { readonly queryKeyValue: string; readonly layout: WeightLayout };

/** Width of the concatenated query heads. */
export function queryWidth({ hiddenSize, heads, headSize = hiddenSize / heads }: AttentionShape): number {
  return heads * headSize;
}

/**
 * Query, key and value projections and softmax(QKᵀ)V of every head; the output projection is the block's. Keys and
 * values come from `x` itself, or from `attended` in cross-attention.
 */
export class Attention extends Module<
  [x: Tensor, attended: Tensor, mask: AttentionMask, rotary?: RotaryTable | undefined, prefix?: PrefixStates],
  Tensor
> {
  private readonly projections: Projections;
  private readonly dropout: Dropout;

  constructor(
    private readonly shape: AttentionShape,
    names: ProjectionNames,
    at: (name: string) => SiteAddress,
    source: ParameterSource,
  ) {
    super();
    this.projections = this.addPart(
      'query' in names
        ? new SeparateProjections(shape, names, at, source)
        : new FusedProjection(shape, names, at, source),
    );
    this.dropout = this.addChild('dropout', new Dropout(shape.dropout));
  }

  /** Features of the keys, and of the values, of one token. */
  get keyValueWidth(): number {
    const { heads, keyValueHeads = heads } = this.shape;
    return (queryWidth(this.shape) / heads) * keyValueHeads;
  }

  protected forward(
    x: Tensor,
    attended: Tensor,
    mask: AttentionMask,
    angles?: RotaryTable,
    prefix?: PrefixStates,
  ): Tensor {
    const { heads, keyValueHeads = heads, scaling } = this.shape;
    const { query, key, value } = this.projections.call(x, attended);
    const turned = (projected: Tensor, count: number) =>
      angles === undefined ? projected : rotary(projected, count, angles);
    const behind = (before: Tensor | undefined, own: Tensor) =>
      before === undefined ? own : prependTokens(before, own);
    const keys = behind(prefix?.key, turned(key, keyValueHeads));
    return attention(turned(query, heads), keys, behind(prefix?.value, value), {
      heads,
      keyValueHeads,
      mask,
      dropout: this.dropout.stream(),
      scaling,
    });
  }
}

interface Projected {
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
}

type Projections = Module<[x: Tensor, attended: Tensor], Projected>;

class SeparateProjections extends Module<[x: Tensor, attended: Tensor], Projected> {
  private readonly query: Site;
  private readonly key: Site;
  private readonly value: Site;

  constructor(
    shape: AttentionShape,
    names: { readonly query: string; readonly key: string; readonly value: string },
    at: (name: string) => SiteAddress,
    source: ParameterSource,
  ) {
    super();
    const { hiddenSize, heads, keyValueHeads = heads, bias = true } = shape;
    const headSize = queryWidth(shape) / heads;
    const project = (site: 'query' | 'key' | 'value', count: number) => {
      const name = names[site];
      const linear = new Linear(hiddenSize, count * headSize, source.child(name), { bias });
      return this.addChild(name, new Site(at(site), linear));
    };
    this.query = project('query', heads);
    this.key = project('key', keyValueHeads);
    this.value = project('value', keyValueHeads);
  }

  protected forward(x: Tensor, attended: Tensor): Projected {
    return { query: this.query.call(x), key: this.key.call(attended), value: this.value.call(attended) };
  }
}

/** One matrix for all three, as GPT-2 has it: self-attention only. */
class FusedProjection extends Module<[x: Tensor, attended: Tensor], Projected> {
  private readonly site: Site;
  private readonly width: number;

  constructor(
    shape: AttentionShape,
    { queryKeyValue, layout }: { readonly queryKeyValue: string; readonly layout: WeightLayout },
    at: (name: string) => SiteAddress,
    source: ParameterSource,
  ) {
    super();
    this.width = queryWidth(shape);
    const linear = new Linear(shape.hiddenSize, 3 * this.width, source.child(queryKeyValue), {
      bias: shape.bias,
      layout,
    });
    this.site = this.addChild(queryKeyValue, new Site(at('queryKeyValue'), linear));
  }

  protected forward(x: Tensor): Projected {
    const fused = this.site.call(x); // [batch, length, 3 · width]
    const part = (index: number) => sliceFeatures(fused, index * this.width, this.width);
    return { query: part(0), key: part(1), value: part(2) };
  }
}
