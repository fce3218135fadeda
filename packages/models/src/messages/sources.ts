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

export function checkpointUnknown(name: string): string {
  return `"${name}" is no folder, and no name that the hub could have`;
}

export function remedyUnknownCheckpoint(nearest: string | undefined): string {
  const guess = nearest === undefined ? '' : `Did you mean "${nearest}"? `;
  return `${guess}Any model of the hub (owner/name) or folder with config.json and model.safetensors will do.`;
}

export function configUnknown(name: string, known: readonly string[]): string {
  return `"${name}" is neither a folder with a config.json nor a model whose configuration ships (${known.join(', ')}) nor one at the hub`;
}

export function remedyConfigUnknown(nearest: string | undefined): string {
  const guess = nearest === undefined ? '' : `Did you mean "${nearest}"? `;
  return `${guess}A folder with a config.json, or a name at the hub (OWNER/NAME), will do.`;
}

export function configNotFetched(id: string, reason: string): string {
  return `the configuration of ${id} is not here, and the hub did not give it: ${reason}`;
}

export function remedyConfigNotFetched(id: string): string {
  return `Put its config.json into a folder and give the path, or into FOLDER/${id} and set LEANTUNE_MODELS=FOLDER.`;
}

export function checkpointNotFound(id: string, attempts: readonly { source: string; outcome: string }[]): string {
  return [`${id}: no source had it.`, ...attempts.map(({ source, outcome }) => `  ${source}: ${outcome}`)].join('\n');
}

export function remedyOwnCopy(folder: string): string {
  return `Replace the file, or give the path ${folder} instead of the name to use your own version as it is.`;
}

export function remedyPlaceCheckpoint(
  id: string,
  files: readonly { readonly name: string; readonly bytes?: number }[],
  /** Where the others of the checkpoint's files are. */
  besideRest?: string,
): string {
  const names = files.map(({ name, bytes }) => (bytes === undefined ? name : `${name} (${bytes} bytes)`)).join(', ');
  if (besideRest !== undefined) return `Put ${names} into ${besideRest}, where the rest is.`;
  return `Put ${names} into FOLDER/${id} and set LEANTUNE_MODELS=FOLDER.`;
}

export const randomStandIn = (name: string) =>
  `RANDOM WEIGHTS: ${name} was not found; a small model with random weights stands in, and its scores mean nothing.`;

export const loadingWeights = (id: string, source: string) => `loading ${id} (${source})`;

export function hubAnswerStrange(hubUrl: string): string {
  return `${hubUrl} answered, but not as the hub does`;
}

export function hubGated(id: string, hasToken: boolean): string {
  const step = hasToken ? 'the account of HF_TOKEN has no access' : 'HF_TOKEN is not set';
  return `${id} is gated and ${step}: ask for access at https://huggingface.co/${id}, then set HF_TOKEN to a token of that account`;
}

export function hubRevisionAbsent(id: string, revision: string): string {
  return `the hub has ${id}, but no revision ${revision} of it`;
}

export function hubUnauthorized(id: string, hasToken: boolean): string {
  return hasToken
    ? `the hub refuses the token of HF_TOKEN, or has no ${id}`
    : `the hub has no ${id}, or it is private: set HF_TOKEN to a token that may read it`;
}

export function hubModelAbsent(id: string, revision: string): string {
  return `the hub has no ${id} at revision ${revision}`;
}

export function repositoryLacks(id: string, file: string): string {
  return `${id}: expected a checkpoint at the hub, found no ${file}`;
}

export function remedyOtherRepository(): string {
  return 'Take another repository or revision of the model: one with config.json and model.safetensors.';
}

export function repositoryOfPickles(id: string, files: readonly string[]): string {
  return `${id}: holds its weights only as PyTorch pickles (${files.join(', ')}), which can run any code when they are read; expected safetensors`;
}

export function remedyConvertRepository(id: string): string {
  return (
    'Name a revision that holds safetensors (NAME@REVISION), or convert it once with Python, in the cache that is shared: ' +
    `cd "$(python3 -c "from huggingface_hub import snapshot_download as get; print(get('${id}'))")" && ` +
    'python3 -c "import glob, torch; from safetensors.torch import save_file; ' +
    "w = {k: v.clone().contiguous() for f in sorted(glob.glob('pytorch_model*.bin')) " +
    "for k, v in torch.load(f, map_location='cpu', weights_only=True).items()}; " +
    `save_file(w, 'model.safetensors', metadata={'format': 'pt'})"`
  );
}

export function incompleteIn(folder: string, missing: readonly string[]): string {
  return `${folder} lacks ${missing.join(', ')}`;
}
