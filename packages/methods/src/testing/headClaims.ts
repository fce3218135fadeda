import { headSize, type TransformerModel } from '@leantune/models';
import type { ModelFixture } from './tinyBert.js';

/** Whether a parameter belongs to the task head. */
export const isHead = (name: string, model: TransformerModel): boolean => model.isHeadParameter(name);

/** Scalars of the task head: a weight [labels, hidden] and a bias. */
export const headCount = ({ config, head }: ModelFixture): number => (config.hiddenSize + 1) * headSize(head)!;
