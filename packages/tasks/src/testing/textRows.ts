import type { TextRow } from '../data/dataset.js';
import type { LoadedTask } from '../task/loadTask.js';

/** Rows of a task of texts. */
export const textRows = (task: LoadedTask, split: string) => task.rows(split) as readonly TextRow[];
