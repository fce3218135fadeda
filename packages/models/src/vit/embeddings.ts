import {
  Dropout,
  Module,
  add,
  concatenateTokens,
  embedding,
  linear,
  reshape,
  type DeviceBatch,
  type Parameter,
  type ParameterSource,
  type Tensor,
} from '@leantune/core';
import { ascendingPositions, batchTensor, hostIds } from '../transformer/positions.js';
import { Site } from '../transformer/site.js';
import { patchCount, type VitConfig } from './config.js';
import { cutPatches } from './patches.js';

/** A convolution whose stride is its kernel, as the linear map of every patch that it is. */
class PatchProjection extends Module<[patches: Tensor], Tensor> {
  private readonly weight: Parameter;
  private readonly bias: Parameter;

  constructor({ hiddenSize, channels, patch }: VitConfig, source: ParameterSource) {
    super();
    const shape = [hiddenSize, channels, patch.height, patch.width];
    this.weight = this.addParameter('weight', source.parameter('weight', shape, 'normal'));
    this.bias = this.addParameter('bias', source.parameter('bias', [hiddenSize], 'zeros'));
  }

  protected forward(patches: Tensor): Tensor {
    const outputs = this.weight.shape[0]!;
    return linear(patches, reshape(this.weight, [outputs, this.weight.size / outputs]), this.bias);
  }
}

/** Rows of a table [1, rows, hidden] for ids [batch, tokens]. */
class TokenTable extends Module<[ids: Tensor], Tensor> {
  private readonly table: Parameter;

  constructor(name: string, rows: number, hiddenSize: number, source: ParameterSource) {
    super();
    this.table = this.addParameter(name, source.parameter(name, [1, rows, hiddenSize], 'normal'));
  }

  protected forward(ids: Tensor): Tensor {
    return embedding(ids, reshape(this.table, this.table.shape.slice(1)));
  }
}

/** [class token ; patch projections] + positions, dropout (Dosovitskiy et al. 2021, equation 1). */
export class VitEmbeddings extends Module<[batch: DeviceBatch], Tensor> {
  private readonly classToken: TokenTable;
  private readonly position: Site;
  private readonly patch: Site;
  private readonly dropout: Dropout;
  private readonly tokens: number;

  constructor(
    private readonly config: VitConfig,
    source: ParameterSource,
  ) {
    super();
    const { hiddenSize } = config;
    this.tokens = patchCount(config) + 1;
    const projection = 'patch_embeddings.projection';
    this.classToken = this.addPart(new TokenTable('cls_token', 1, hiddenSize, source));
    const patch = new PatchProjection(config, source.child(projection));
    this.patch = this.addChild(projection, new Site({ name: 'embeddings.patch' }, patch));
    const positions = new TokenTable('position_embeddings', this.tokens, hiddenSize, source);
    this.position = this.addChild('', new Site({ name: 'embeddings.position' }, positions));
    this.dropout = this.addChild('dropout', new Dropout(config.hiddenDropout));
  }

  /** @returns [batch, 1 + patches, hidden] */
  protected forward({ size, host }: DeviceBatch): Tensor {
    const { tokens } = this;
    const patches = this.patch.call(batchTensor(cutPatches(host.inputs.pixelValues!, this.config)));
    const first = this.classToken.call(batchTensor(hostIds(size, 1, () => 0))); // [batch, 1, hidden]
    const positions = this.position.call(batchTensor(ascendingPositions({ size, length: tokens })));
    return this.dropout.call(add(concatenateTokens([first, patches]), positions));
  }
}
