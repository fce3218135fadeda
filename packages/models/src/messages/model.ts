/** Sentences about configurations, sites, batches and what a model takes from a checkpoint. */

import { showValue } from './showValue.js';

interface PixelSize {
  readonly height: number;
  readonly width: number;
}

export function configKeyMissing(): string {
  return 'is missing';
}

export function configKeyInvalid(found: unknown): string {
  return `has the value ${showValue(found)}`;
}

export function configNotAnObject(found: unknown): string {
  return `the file holds ${showValue(found)}`;
}

export function headsDoNotDivide(hiddenSize: number, heads: number): string {
  return `hidden_size ${hiddenSize} does not split into ${heads} attention heads`;
}

export const noPositionsLeft = (rows: number, padTokenId: number) =>
  `has the value ${rows}, but positions start after row ${padTokenId}, that of the padding token`;

export const patchesDoNotFit = (patch: PixelSize, image: PixelSize) =>
  `patches of ${patch.height} × ${patch.width} pixels do not fit into images of ${image.height} × ${image.width}`;

export const unknownSite = (
  name: string,
  architecture: string,
  nearest: string | undefined,
  known: readonly string[],
) =>
  `unknown site "${name}" on ${architecture}${nearest === undefined ? '' : `; did you mean "${nearest}"?`} (known: ${known.join(', ')})`;

export const checkpointShape = (file: string, name: string, expected: readonly number[], found: readonly number[]) =>
  `${file}: tensor "${name}" has shape [${found.join(', ')}], the model expects [${expected.join(', ')}]`;

export const checkpointIncomplete = (file: string, missing: readonly string[]) =>
  `${file}: ${missing.length} tensors of the model are missing: ${missing.slice(0, 8).join(', ')}${missing.length > 8 ? ', …' : ''}`;

export const remedyCheckpoint = () => 'Use the config.json that belongs to the checkpoint, or another checkpoint.';

export const modelHoldsAdapter = (site: string) => `${site} holds an adapter, which a plain checkpoint has no name for`;

export const remedyMergeFirst = () => 'Merge it into the weights first, or save the adapter by itself.';

export const inputTooLong = (length: number, maximum: number) =>
  `an input of ${length} tokens is longer than the model's ${maximum} positions; use a smaller maxLength`;

export const labelOutOfRange = (label: number, numberOfLabels: number) =>
  `label ${label} is outside the head's classes 0 to ${numberOfLabels - 1}`;

export const tokenOutOfRange = (id: number, size: number) =>
  `token id ${id} is outside the model's vocabulary of ${size}; use the tokenizer of the model`;

export const tokenTypeOutOfRange = (type: number, size: number) =>
  `token type ${type} is outside the model's ${size === 1 ? 'only type 0' : `types 0 to ${size - 1}`}`;

export const choicesUneven = (rows: number, questions: number) =>
  `${rows} rows do not split into the same number of choices for ${questions} questions`;

export const imagesMissing = (architecture: string) => `${architecture} reads images: the batch has no pixelValues`;

export const imageShape = (found: readonly number[], expected: readonly number[]) =>
  `images of shape [${found.join(', ')}], expected [${expected.join(', ')}] (batch, channels, height, width); resize them to the model's image_size`;

export const processedSizeDiffers = ({ height, width }: { readonly height: number; readonly width: number }) =>
  `resizes to ${height} × ${width} pixels`;

export const cropIsNotRead = () => 'crops images, which is not computed here';

export const endTokensUneven = (id: number, counts: readonly number[]) => {
  const rowsWith = (wanted: number) => counts.flatMap((count, row) => (count === wanted ? [row] : []));
  const found = [...new Set(counts)].map((count) => `${count} in row ${rowsWith(count).join(', ')}`).join('; ');
  return `every row of a batch needs the same number of end-of-text tokens (id ${id}), at least one; found ${found}`;
};

export const headUnsupported = (modelType: string, kind: string, supported: readonly string[]) =>
  `${modelType} has no ${kind} head (it has: ${supported.join(', ')})`;

export const architectureUnknown = (modelType: unknown) =>
  modelType === undefined ? 'is missing' : `has the value ${showValue(modelType)}`;

export const layersUnused = (names: readonly string[]) =>
  `the model has no place for ${names.length} tensors of the checkpoint, which are left out: ${names.slice(0, 4).join(', ')}${names.length > 4 ? ', …' : ''}; is config.json of another model?`;

export const headStartsFresh = (names: readonly string[]) =>
  `the task head starts from random values: ${names.join(', ')}`;

export const noTokenizer = (architecture: string) => `${architecture} reads no text: it has no tokenizer`;

export const noImageProcessor = (architecture: string) => `${architecture} reads no images`;

export const startedFresh = (names: readonly string[]) =>
  `not in the checkpoint, so started from random values: ${names.join(', ')}`;
