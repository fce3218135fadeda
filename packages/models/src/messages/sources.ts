/** Sentences about where checkpoints come from: folders, caches, the hub, wheels. */

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
