import { Module, add, type Tensor } from '@leantune/core';
import type { ResidualParts, ResidualSum } from '@leantune/models';
import type { Bottleneck } from './bottleneck.js';

/** What an adapter makes of a block's residual sum: y = the block's output, r = its residual, A = the bottleneck. */
abstract class AdaptedSum extends Module<[parts: ResidualParts], Tensor> {
  protected readonly adapter: Bottleneck;

  constructor(adapter: Bottleneck) {
    super();
    this.adapter = this.addChild('', adapter);
  }
}

/** A(y) + y + r (Houlsby et al. 2019, figure 2). */
export class SerialSum extends AdaptedSum {
  protected forward({ output, residual }: ResidualParts): Tensor {
    return add(add(this.adapter.call(output), output), residual);
  }
}

/**
 * A(x) + y + r with x = norm(y + r): the layer's own normalisation is applied here, and by the block once more
 * (Pfeiffer et al. 2020, "MAD-X", figure 3; the `adapters` library).
 */
export class NormalizedSum extends AdaptedSum {
  protected forward({ output, residual, normalize }: ResidualParts): Tensor {
    const x = normalize(add(output, residual));
    return add(add(this.adapter.call(x), output), residual);
  }
}

/** y + A(r) + r: beside the block (He et al. 2022, table 1, "parallel"). */
export class ParallelSum extends AdaptedSum {
  protected forward({ output, residual }: ResidualParts): Tensor {
    return add(add(output, this.adapter.call(residual)), residual);
  }
}

/** Which of the three a method builds. */
export type SumMaker = new (adapter: Bottleneck) => ResidualSum;
