/** Every user-facing message of the Node entry: native backend, set-up, doctor. */
export const nodeMessages = {
  setupCommand: () => 'npx leantune setup',
  setupAgainCommand: () => 'npx leantune setup --force',

  badThreads: (value: string) => `LEANTUNE_THREADS is "${value}": expected a whole number of threads from 1 on`,
  badThreadsRemedy: () => 'unset LEANTUNE_THREADS to use every core',

  notTensorflow: (folder: string) =>
    `${folder} is neither a virtual environment nor the tensorflow package of one (no tensorflow/include in it)`,
  namedTensorflow: (detail: string) => `LEANTUNE_TENSORFLOW: ${detail}`,
  namedTensorflowRemedy: () =>
    'set LEANTUNE_TENSORFLOW to a virtual environment with TensorFlow, or unset it and run npx leantune setup',
  noVersion: (folder: string) => `${folder} has no tensorflow-*.dist-info beside it, so its version is unknown`,
  noLibraries: (folder: string, missing: readonly string[]) => `${folder} lacks ${missing.join(' and ')}`,

  notCompiled: (version: string, place: string) => `no binding is compiled for TensorFlow ${version} (${place})`,
  nothingInstalled: () => 'its native library is not set up',
  addonBroken: (place: string, detail: string) => `${place} does not load: ${detail}`,
  gpuPackageOnCpu: () => 'GPU package that found no GPU: computes on the CPU',
  tensorflowDevice: (version: string, gpu: boolean, threads: number) =>
    gpu ? `TensorFlow ${version}, GPU` : `TensorFlow ${version}, ${threads} thread${threads === 1 ? '' : 's'}`,
} as const;
