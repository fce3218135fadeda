import {
  QuantizedLinear,
  TrainableModel,
  UsageError,
  ignoredLabel,
  nearestName,
  type AnyModule,
  type Batch,
  type Parameter,
} from '@leantune/core';
import { inputTooLong, labelOutOfRange, tokenOutOfRange, unknownSite } from '../messages.js';
import type { HeadOptions } from './head.js';
import type { Pooling } from './pooling.js';
import { Site } from './site.js';
import type { LayerStack } from './stack.js';

/** A transformer with named sites: all that methods know of a model. */
export abstract class TransformerModel extends TrainableModel {
  /** Hugging Face's class name, e.g. `BertForSequenceClassification`. */
  abstract readonly architecture: string;
  /** Family of the architecture: `model_type` of its configuration. */
  abstract readonly family: string;
  /** Which attention it has: decides which tokens can be left out of the backward pass. */
  abstract readonly kind: 'encoder' | 'decoder' | 'encoder-decoder';
  abstract readonly head: HeadOptions;
  /** Longest input in tokens. */
  abstract readonly maxPositions: number;
  /** Absent where the input is no text. */
  abstract readonly vocabularySize: number | undefined;
  abstract readonly hiddenSize: number;
  /** Stacks of layers in forward order. */
  abstract readonly stacks: readonly LayerStack[];
  /** Child names of the task head, which adapters train whole (PEFT's `modules_to_save`); none for language models. */
  abstract readonly headNames: readonly string[];
  pooling: Pooling = 'first';
  /** Content of the `config.json` that the model was built from. */
  configuration: Readonly<Record<string, unknown>> = {};
  private siteList: readonly Site[] | undefined;

  /** Every site, in the order of the model's parts. */
  get sites(): readonly Site[] {
    this.siteList ??= [...this.modules()].filter((module): module is Site => module instanceof Site);
    return this.siteList;
  }

  /** The sites with this name, one for each layer. @throws UsageError naming the nearest site. */
  sitesNamed(name: string): readonly Site[] {
    const found = this.sites.filter((site) => site.address.name === name);
    if (found.length > 0) return found;
    // One matrix may stand for all three projections.
    const projection = /^attention\.(query|key|value)$/.test(name);
    const fused = projection ? this.sites.filter((site) => site.address.name === 'attention.queryKeyValue') : [];
    if (fused.length > 0) return fused;
    const names = [...new Set(this.sites.map((site) => site.address.name))];
    throw new UsageError(unknownSite(name, this.architecture, nearestName(name, names), names), {
      code: 'LEANTUNE_UNKNOWN_SITE',
    });
  }

  /** Adds a module of a method beside the model's own. */
  insertModule<T extends AnyModule>(name: string, module: T): T {
    return this.addChild(name, module);
  }

  /** Whether the parameter belongs to the task head. */
  isHeadParameter(name: string): boolean {
    return this.headNames.some((head) => name.startsWith(`${head}.`));
  }

  /** Trains exactly the parameters for which `trains` holds. */
  setTrained(trains: (name: string, parameter: Parameter) => boolean): void {
    for (const [name, parameter] of this.namedParameters()) parameter.requiresGrad = trains(name, parameter);
  }

  /** Number of trained and of all scalar parameters; a weight that is held in 4 bits counts as its numbers. */
  parameterCounts(): { readonly trainable: number; readonly total: number } {
    let trainable = 0;
    let total = 0;
    for (const parameter of this.parameters()) {
      total += parameter.size;
      if (parameter.requiresGrad) trainable += parameter.size;
    }
    for (const module of this.modules()) if (module instanceof QuantizedLinear) total += module.weight.size;
    return { trainable, total };
  }

  /**
   * Positions of a row that the head reads besides the first token, which a selection must hold: the answer of a
   * question here, the token that a classifier reads in other models.
   */
  requiredPositions({ labels, length }: Batch, row: number): readonly number[] {
    if (this.head.kind !== 'question-answering') return [];
    return [...labels.data.subarray(2 * row, 2 * row + 2)].filter((position) => position >= 0 && position < length);
  }

  override checkBatch({ length, inputs, labels, firstPosition }: Batch): void {
    // Published TokenTune groups come with positions of their own and are a little longer than the texts.
    const positions = (firstPosition ?? 0) + length;
    if (inputs.positionIds === undefined && positions > this.maxPositions) {
      throw new UsageError(inputTooLong(positions, this.maxPositions), { code: 'LEANTUNE_INPUT_TOO_LONG' });
    }
    for (const name of ['inputIds', 'decoderInputIds']) {
      if (this.vocabularySize !== undefined) this.checkIds(inputs[name]?.data, this.vocabularySize);
    }
    const classes = this.labelCount(labels.data.length, inputs.attentionMask?.shape[0] ?? labels.data.length);
    if (classes === undefined) return;
    const wrong = labels.data.find((label) => label !== ignoredLabel && !(label >= 0 && label < classes));
    if (wrong !== undefined) {
      throw new UsageError(labelOutOfRange(wrong, classes), { code: 'LEANTUNE_LABEL' });
    }
  }

  /** A look-up outside the table would read what lies behind it. */
  private checkIds(ids: ArrayLike<number> | undefined, size: number): void {
    for (let index = 0; index < (ids?.length ?? 0); index++) {
      const id = ids![index]!;
      if (id < 0 || id >= size) throw new UsageError(tokenOutOfRange(id, size), { code: 'LEANTUNE_TOKEN' });
    }
  }

  /** How many values a label may have; undefined for numbers and positions. */
  private labelCount(labels: number, rows: number): number | undefined {
    switch (this.head.kind) {
      case 'classification':
        return this.head.numberOfLabels;
      case 'multiple-choice':
        return rows / labels;
      case 'causal-lm':
      case 'seq2seq-lm':
        return this.vocabularySize;
      default:
        return undefined;
    }
  }
}
