/** Measures the rows of a sweep of memory, one training step each, on the meta backend. */
import { UsageError } from '@leantune/core';
import { modelFolder } from '../registry/modelFolder.js';
import { measureMethods, type MethodMemory } from './measure.js';
import { resolveMemorySettings } from './settings.js';
import type { RowWords } from './sweepFile.js';

export interface MeasuredRow {
  readonly words: RowWords;
  /** Absent where the method does not support the model. */
  readonly measured?: MethodMemory;
  /** Why there is no figure. */
  readonly problem?: string;
}

/** What a method and a model cannot be together, at this size. */
const impossible: readonly string[] = [
  'LEANTUNE_OPTION_UNFIT',
  'LEANTUNE_METHOD_NOT_SUPPORTED',
  'LEANTUNE_INPUT_TOO_LONG',
];

/**
 * @param base folder that paths of models start from
 * @throws ConfigurationError or UsageError for a row that is wrong; a method that a model cannot have is a row without figures
 */
export async function measureRows(
  rows: readonly RowWords[],
  base: string,
  onRow: (done: number, row: RowWords) => void,
): Promise<MeasuredRow[]> {
  const measured: MeasuredRow[] = [];
  for (const words of rows) {
    measured.push(await measureRow(words, base));
    onRow(measured.length, words);
  }
  return measured;
}

async function measureRow(words: RowWords, base: string): Promise<MeasuredRow> {
  const model = modelFolder(words.model, base) ?? words.model;
  const settings = await resolveMemorySettings({ ...words, model });
  try {
    const [measured] = await measureMethods(settings);
    return { words, measured: measured! };
  } catch (error) {
    if (error instanceof UsageError && impossible.includes(error.code)) return { words, problem: error.message };
    throw error;
  }
}
