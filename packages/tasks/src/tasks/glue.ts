/** What GLUE's tasks share: the hub's copy, the archives and their hashes (as TensorFlow Datasets records them). */
import type { Download } from '../data/download/download.js';
import type { GlueLayout } from '../data/glueLoader.js';

const SPLITS = { train: 'train', dev: 'validation' };

/** The hub's copy of a task. */
export const ofHub = (
  folder: string,
  text: string,
  pair?: string,
  splits: Readonly<Record<string, string>> = SPLITS,
): NonNullable<GlueLayout['hub']> => ({ folder, text, splits, ...(pair === undefined ? {} : { pair }) });

/** An archive of the GLUE release: `NAME/FILE` for every file. */
export const glueArchive = (
  archive: string,
  folder: string,
  files: readonly string[],
  bytes: number,
  sha256: string,
): Download => ({
  url: `https://dl.fbaipublicfiles.com/glue/data/${archive}.zip`,
  bytes,
  sha256,
  places: Object.fromEntries(files.map((file) => [`${folder}/${file}`, file])),
});
