/** Every sentence that this package says to its users, in one place. */

// ── configuration files of checkpoints ──────────────────────────────────────────────────────────────────────

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

/** A value as short JSON, so that an error stays on one line. */
function showValue(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

// ── safetensors ─────────────────────────────────────────────────────────────────────────────────────────────

export function notSafetensors(file: string, found: string): string {
  return `${file}: byte 0: expected a safetensors file, found ${found}`;
}

export function fileTooShort(file: string, found: number): string {
  return `${file}: byte 0: expected at least 8 bytes with the length of the header, found a file of ${found} bytes`;
}

export function headerLengthWrong(file: string, found: number, fileSize: number, most: number): string {
  const limit = Math.max(2, Math.min(most, fileSize - 8));
  return `${file}: byte 0: expected a header length from 2 to ${limit} bytes, found ${found} in a file of ${fileSize} bytes`;
}

export function headerWithoutBrace(file: string, found: number): string {
  return `${file}: byte 8: expected "{", where the header begins, found the byte ${found}`;
}

export function headerNotJson(file: string, reason: string): string {
  return `${file}: byte 8: expected a header of UTF-8 JSON, found something else (${reason})`;
}

export function duplicateName(file: string, offset: number, name: string): string {
  return `${file}: byte ${offset}: expected every name once, found "${name}" again`;
}

export function metadataNotText(file: string, key: string, found: unknown): string {
  return `${file}: byte 8: metadata "${key}": expected text, found ${showValue(found)}`;
}

export function tensorEntryWrong(file: string, name: string, key: string, expected: string, found: unknown): string {
  return `${file}: byte 8: tensor "${name}": ${key}: expected ${expected}, found ${showValue(found)}`;
}

export function tensorBytesWrong(
  file: string,
  name: string,
  offset: number,
  dtype: string,
  shape: readonly number[],
  expected: number,
  found: number,
): string {
  return `${file}: byte ${offset}: tensor "${name}": expected ${expected} bytes for ${dtype} [${shape.join(', ')}], found ${found}`;
}

export function tensorBeyondEnd(file: string, name: string, begin: number, end: number, fileSize: number): string {
  return `${file}: byte ${begin}: tensor "${name}": expected data up to byte ${end}, found the end of the file at byte ${fileSize} (the file is truncated)`;
}

export function tensorsOverlap(file: string, offset: number, name: string, other: string, expected: number): string {
  return `${file}: byte ${offset}: tensor "${name}": expected to begin at byte ${expected}, where "${other}" ends; they overlap`;
}

export function gapBeforeTensor(file: string, expected: number, name: string, found: number): string {
  return `${file}: byte ${expected}: expected tensor "${name}" to begin here, found it at byte ${found} after a gap`;
}

export function bytesAfterLastTensor(file: string, offset: number, fileSize: number): string {
  return `${file}: byte ${offset}: expected the end of the file after the last tensor, found ${fileSize - offset} more bytes`;
}

export function tensorAbsent(file: string, name: string): string {
  return `${file}: no tensor "${name}"`;
}

export function remedyNearestTensor(nearest: string | undefined): string {
  return nearest === undefined ? 'Check that the file belongs to this architecture.' : `Did you mean "${nearest}"?`;
}

export function dtypeNotRead(file: string, name: string, found: string, readable: readonly string[]): string {
  return `${file}: tensor "${name}": expected one of the types ${readable.join(', ')}, found ${found}`;
}

export function remedyConvertDtype(): string {
  return 'Convert the checkpoint to F32, F16 or BF16 with Python (safetensors.torch.save_file).';
}

export function integerTooLarge(file: string, name: string, offset: number, found: bigint): string {
  return `${file}: byte ${offset}: tensor "${name}": expected an integer of 32 bits, found ${found}`;
}

export function remedyDownloadAgain(): string {
  return 'Replace the file: download it again or restore it from a copy.';
}

export function remedyGitLfs(): string {
  return 'Fetch the real file with `git lfs pull`, or download it from the hub.';
}

export function remedyConvertPickle(file = 'pytorch_model.bin'): string {
  return (
    'Convert it once with Python: python3 -c "import torch; from safetensors.torch import save_file; ' +
    `w = torch.load('${file}', map_location='cpu', weights_only=True); ` +
    `save_file({k: v.clone().contiguous() for k, v in w.items()}, 'model.safetensors', metadata={'format': 'pt'})"`
  );
}

export function indexWithoutMap(file: string): string {
  return `${file}: weight_map: expected an object from tensor names to file names`;
}

export function shardOutsideFolder(file: string, found: string): string {
  return `${file}: weight_map: expected names of files in the same folder, found "${found}"`;
}

export function tensorNotInShard(file: string, name: string, shard: string): string {
  return `${file}: weight_map: expected tensor "${name}" in ${shard}, found no such tensor there`;
}

export function shardAbsent(index: string, shard: string): string {
  return `${index}: weight_map: names the file ${shard}, which is not there`;
}

export function fileEndsEarly(file: string, offset: number, missing: number): string {
  return `${file}: byte ${offset}: expected ${missing} more bytes, found the end of the file`;
}

export function fileSizeWrong(file: string, expected: number, found: number): string {
  return `${file}: byte ${Math.min(expected, found)}: expected a file of ${expected} bytes, found ${found}`;
}

export function fileHashWrong(file: string, expected: string, found: string): string {
  return `${file}: expected SHA-256 ${expected}, found ${found}`;
}

export function fileNotJson(file: string, reason: string): string {
  return `${file}: expected JSON, found something else (${reason})`;
}

export function pickleRefused(file: string): string {
  return `${file}: is a PyTorch pickle, which can run any code when it is read; expected a safetensors file`;
}

export function weightsAbsent(file: string): string {
  return `${file}: expected weights here, found no such file`;
}

export function remedyPlaceWeights(names: readonly string[]): string {
  // Spellings of the weights' own file name are alternatives; everything else is needed together.
  const type = names.every((name) => name.startsWith('model.')) ? 'disjunction' : 'conjunction';
  return `Give a folder that holds ${new Intl.ListFormat('en', { type }).format(names)}.`;
}

export function remedyPlaceShard(shard: string): string {
  return `Download ${shard} and put it beside the index.`;
}

// ── tokenizers ──────────────────────────────────────────────────────────────────────────────────────────────

export function noSecondText(): string {
  return 'truncation: only_second needs a second text, found a single one that is too long';
}

export function textTooShortToCut(truncation: string, tokens: number, excess: number): string {
  return `truncation: ${truncation}: ${excess} tokens are too many, but the text to cut has only ${tokens}`;
}

export function maxLengthTooSmall(maxLength: number, specialTokens: number): string {
  return `maxLength: expected at least ${specialTokens} for the special tokens, found ${maxLength}`;
}

export function remedyTruncation(): string {
  return 'Take truncation longest_first or a larger maxLength.';
}

export function encodingTooLong(row: number, length: number, found: number): string {
  return `row ${row}: expected at most ${length} tokens, found ${found}`;
}

export function remedyEncodingTooLong(): string {
  return 'Encode with that maxLength, or pad to "longest".';
}

export function tokenizerFileWrong(file: string, reason: string): string {
  return `${file}: is no tokenizer that leantune reads: ${reason}`;
}

export function tokenizerFilesAbsent(folder: string): string {
  return `${folder}: expected tokenizer.json, vocab.txt, or vocab.json with merges.txt; found none of them`;
}

export function remedyPlaceTokenizer(): string {
  return "Put the checkpoint's tokenizer files into the folder.";
}

export function tokenAbsent(token: string): string {
  return `the token ${token} is not in the vocabulary`;
}

export function tokenIdWrong(token: string, found: unknown): string {
  return `token ${showValue(token)}: expected a whole number from 0 on as its id, found ${showValue(found)}`;
}

export function noPadToken(): string {
  return 'it names no padding token';
}

export function postProcessorUnknown(found: unknown): string {
  return `post_processor: expected TemplateProcessing, BertProcessing, RobertaProcessing or ByteLevel, found ${showValue(found)}`;
}

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

// ── where checkpoints come from ─────────────────────────────────────────────────────────────────────────────

export function httpStatus(status: number, host: string): string {
  return `${host} answered with HTTP status ${status}`;
}

export function noAnswer(): string {
  return 'no answer in time';
}

export function networkFailure(code: string): string {
  return `the network failed (${code})`;
}

export function transferStalled(timeoutMs: number): string {
  return `no bytes for ${timeoutMs} ms`;
}

export function moreBytesThan(file: string, expected: number): string {
  return `${file}: expected ${expected} bytes, more are coming`;
}

export function noPython(command: string): string {
  return `no ${command} that runs`;
}

export function pipFailed(code: number | null): string {
  return `pip ended with code ${code ?? 'none'}`;
}

export function wheelFailed(pip: string, direct: string): string {
  return `pip: ${pip}; direct download: ${direct}`;
}

export function notInIndex(file: string, host: string): string {
  return `${host} does not list ${file}`;
}

export function offline(): string {
  return 'not tried: offline';
}

export function foundIn(folder: string): string {
  return `found in ${folder}`;
}

export function notInFolder(folder: string): string {
  return `not in ${folder}`;
}

export function modelsFolderUnset(): string {
  return 'LEANTUNE_MODELS is not set';
}

export function checkpointFileMissing(folder: string, missing: string): string {
  return `${folder}: expected a checkpoint, found no ${missing}`;
}

export function checkpointUnknown(name: string, known: readonly string[]): string {
  return `"${name}" is neither a folder nor a checkpoint that leantune knows (${known.join(', ')})`;
}

export function remedyUnknownCheckpoint(nearest: string | undefined): string {
  const guess = nearest === undefined ? '' : `Did you mean "${nearest}"? `;
  return `${guess}Any folder with config.json and model.safetensors will do.`;
}

export function checkpointNotFound(id: string, attempts: readonly { source: string; outcome: string }[]): string {
  return [`${id}: no source had it.`, ...attempts.map(({ source, outcome }) => `  ${source}: ${outcome}`)].join('\n');
}

export function remedyOwnCopy(folder: string): string {
  return `Replace the file, or give the path ${folder} instead of the name to use your own version as it is.`;
}

export function remedyPlaceCheckpoint(manifest: {
  readonly id: string;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}): string {
  const files = manifest.files.map(({ name, bytes }) => `${name} (${bytes} bytes)`).join(', ');
  return `Put ${files} into FOLDER/${manifest.id} and set LEANTUNE_MODELS=FOLDER.`;
}

export const randomStandIn = (name: string) =>
  `RANDOM WEIGHTS: ${name} was not found; a small model with random weights stands in, and its scores mean nothing.`;

export const loadingWeights = (id: string, source: string) => `loading ${id} (${source})`;

export const inputTooLong = (length: number, maximum: number) =>
  `an input of ${length} tokens is longer than the model's ${maximum} positions; use a smaller maxLength`;

export const labelOutOfRange = (label: number, numberOfLabels: number) =>
  `label ${label} is outside the head's classes 0 to ${numberOfLabels - 1}`;

export const startedFresh = (names: readonly string[]) =>
  `not in the checkpoint, so started from random values: ${names.join(', ')}`;
