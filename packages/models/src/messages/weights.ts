/** Sentences about files of weights. */

import { showValue } from './showValue.js';

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

/** For a folder that Python's transformers reads. */
export function remedyConvertFolder(folder: string): string {
  return (
    `Convert it once with Python: cd ${shellWord(folder)} && python3 -c "import transformers as t; ` +
    `c = t.AutoConfig.from_pretrained('.'); m = getattr(t, (c.architectures or ['AutoModel'])[0]); ` +
    `m.from_pretrained('.', torch_dtype='auto').save_pretrained('.', safe_serialization=True)"`
  );
}

/** For files under names that transformers does not look for. */
export function remedyConvertPickles(folder: string, files: readonly string[]): string {
  const list = files.map((name) => `'${name.replaceAll(/['"\\$`]/g, '?')}'`).join(', ');
  return (
    `Convert it once with Python: cd ${shellWord(folder)} && python3 -c "import torch; ` +
    'from safetensors.torch import save_file; ' +
    `w = {k: v.clone().contiguous() for f in [${list}] ` +
    // Opened here: by its name torch.load would take a pickle called *.safetensors for what it is called.
    "for k, v in torch.load(open(f, 'rb'), map_location='cpu', weights_only=True).items()}; " +
    `save_file(w, 'model.safetensors', metadata={'format': 'pt'})"`
  );
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

export function indexWithoutMap(file: string): string {
  return `${file}: weight_map: expected an object from tensor names to file names`;
}

export function shardOutsideFolder(file: string, name: string, found: string): string {
  return `${file}: weight_map: tensor "${name}": expected the name of a file in the same folder, found "${found}"`;
}

export function tensorNotInShard(file: string, name: string, shard: string, found: string | undefined): string {
  const place = found === undefined ? 'no such tensor there' : `it in ${found}`;
  return `${file}: weight_map: expected tensor "${name}" in ${shard}, found ${place}`;
}

export function tensorInTwoShards(file: string, name: string, shards: readonly string[]): string {
  return `${file}: weight_map: expected tensor "${name}" in one file, found it in ${shards.join(' and ')}`;
}

export function shardAbsent(index: string, shard: string, tensor?: string): string {
  const whose = tensor === undefined ? '' : ` for tensor "${tensor}"`;
  return `${index}: weight_map: names the file ${shard}${whose}, which is not there`;
}

export function fileEndsEarly(file: string, offset: number, missing: number): string {
  return `${file}: byte ${offset}: expected ${missing} more bytes, found the end of the file`;
}

export function fileSizeWrong(file: string, expected: number, found: number): string {
  return `${file}: byte ${Math.min(expected, found)}: expected a file of ${expected} bytes, found ${found}`;
}

export function fileHashWrong(file: string, hash: string, expected: string, found: string): string {
  return `${file}: expected ${hash} ${expected}, found ${found}`;
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
