import { TrainableModel, UsageError, nearestName, type Parameter } from '@leantune/core';
import { unknownSite } from '../messages.js';
import type { Site } from './site.js';

/** How the head reads the last hidden states. */
export type Pooling =
  /** The first token. */
  | 'first'
  /** Mean over the real tokens: of the selected ones in training with a selection, of all otherwise. */
  | 'mean'
  /** As `mean`, padding included (what TokenTune's published code does). */
  | 'meanUnmasked';

/** What a task asks of a model's head. */
export interface HeadOptions {
  readonly kind: 'classification' | 'regression';
  /** Classes; 1 for regression. */
  readonly numberOfLabels: number;
}

/** A transformer with named sites: all that methods know of a model. */
export abstract class TransformerModel extends TrainableModel {
  /** Hugging Face's class name, e.g. `BertForSequenceClassification`. */
  abstract readonly architecture: string;
  /** Family of the architecture, e.g. `bert`. */
  abstract readonly family: string;
  /** Which attention it has: decides which tokens can be left out of the backward pass. */
  abstract readonly kind: 'encoder' | 'decoder' | 'encoder-decoder';
  /** Longest input in tokens. */
  abstract readonly maxPositions: number;
  /** Every site in forward order. */
  abstract readonly sites: readonly Site[];
  /** Child names of the task head, which adapters train whole (PEFT's `modules_to_save`). */
  abstract readonly headNames: readonly string[];
  pooling: Pooling = 'first';

  /** The sites with this name, one for each layer. @throws UsageError naming the nearest site. */
  sitesNamed(name: string): Site[] {
    const found = this.sites.filter((site) => site.address.name === name);
    if (found.length === 0) {
      const names = [...new Set(this.sites.map((site) => site.address.name))];
      throw new UsageError(unknownSite(name, this.architecture, nearestName(name, names), names), {
        code: 'LEANTUNE_UNKNOWN_SITE',
      });
    }
    return found;
  }

  /** Whether the parameter belongs to the task head. */
  isHeadParameter(name: string): boolean {
    return this.headNames.some((head) => name.startsWith(`${head}.`));
  }

  /** Trains exactly the parameters for which `trains` holds. */
  setTrained(trains: (name: string, parameter: Parameter) => boolean): void {
    for (const [name, parameter] of this.namedParameters()) parameter.requiresGrad = trains(name, parameter);
  }

  /** Number of trained and of all scalar parameters. */
  parameterCounts(): { readonly trainable: number; readonly total: number } {
    let trainable = 0;
    let total = 0;
    for (const parameter of this.parameters()) {
      total += parameter.size;
      if (parameter.requiresGrad) trainable += parameter.size;
    }
    return { trainable, total };
  }
}
