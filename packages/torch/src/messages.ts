/** Every user-facing message of the torch backend. */
export const messages = {
  setupCommand: () => 'npx leantune setup torch',
  setupAgainCommand: () => 'npx leantune setup torch --force',

  dtype: (dtype: string) => `the torch backend does not compute with ${dtype}`,
  callTooLong: () => 'a kernel has more inputs than one call to libtorch takes',
  missingInput: () => 'a kernel was called without one of its inputs',
  outOfMemory: (device: string, kernel: string, requestedBytes: number | undefined, freeBytes: number | undefined) => {
    const requested = requestedBytes === undefined ? '' : `: ${requestedBytes} bytes requested`;
    const free = freeBytes === undefined ? '' : `, ${freeBytes} bytes free`;
    return `out of memory on ${device} in ${kernel}${requested}${free}`;
  },
  outOfMemoryRemedy: () => 'use a smaller batch size or sequence length, or a method that saves fewer activations',

  notLibtorch: (place: string) =>
    `${place} is neither a Python package folder of torch nor a libtorch (no include/ATen and lib/libtorch_cpu.so in it)`,
  noVersion: (place: string) => `${place} has no version.h, so its version is unknown`,
  tooOld: (version: string, oldest: string) => `torch ${version} is older than ${oldest}, the oldest that is supported`,
  namedLibtorch: (detail: string) => `LIBTORCH: ${detail}`,
  namedLibtorchRemedy: () =>
    'set LIBTORCH to an unpacked libtorch or to the torch folder of a Python environment, then npx leantune setup torch',
  noLibtorch: (looked: readonly string[]) => `no libtorch is found: ${looked.join('; ')}`,
  noLibtorchRemedy: () =>
    'install one (pip install torch, and name that Python in LEANTUNE_PYTHON; or Debian, Ubuntu: apt install libtorch-dev libopenblas0-pthread), then npx leantune setup torch',
  pythonWithoutTorch: (python: string) => `${python} has no torch`,
  notCompiled: (version: string, origin: string) => `no addon is compiled for torch ${version} (${origin})`,
  nothingCompiled: () => 'its addon is not compiled',
  addonBroken: (version: string, origin: string, detail: string) =>
    `the addon compiled for torch ${version} (${origin}) does not load: ${detail}`,

  platform: (platform: string) => `the addon is compiled on Linux only, this is ${platform}`,
  platformRemedy: () => 'use another backend: npx leantune doctor lists those that load',
  compilerRemedy: () => 'install one (Debian, Ubuntu: apt install g++), then npx leantune setup torch',
  compilerFailed: (compiler: string, detail: string) => `${compiler} could not compile the addon: ${detail}`,
  proofFailed: (detail: string) => `the compiled addon does not work: ${detail}`,
  proofWrong: (largestError: number) => `its matrix product is off by ${largestError}`,
  retryRemedy: () => 'npx leantune setup torch --force starts afresh; npx leantune doctor shows what is there',

  badDevice: (device: string, known: readonly string[]) =>
    `LEANTUNE_TORCH_DEVICE is "${device}": this libtorch has ${known.join(', ')}`,
  noCuda: (device: string, version: string) =>
    `LEANTUNE_TORCH_DEVICE is "${device}", but torch ${version} is built without CUDA`,
  noGpu: (device: string) => `LEANTUNE_TORCH_DEVICE is "${device}", but libtorch finds no GPU and driver`,
  deviceRemedy: () => 'set LEANTUNE_TORCH_DEVICE to a device that npx leantune doctor lists, or unset it',
  deviceFails: (device: string, detail: string) => `device ${device} cannot be used: ${detail}`,
  cpuDescription: (version: string, threads: number) =>
    `torch ${version}, ${threads} thread${threads === 1 ? '' : 's'}`,
  gpuDescription: (version: string, cuda: string, device: string, name: string, capability: string) =>
    `torch ${version}, CUDA ${cuda}, ${device}: ${name}${capability === '' ? '' : `, capability ${capability}`}`,

  reused: (version: string, origin: string) => `torch: already done (addon for torch ${version}, ${origin})`,
  waiting: (pid: number, host: string) => `another set-up is running (process ${pid} on ${host}); waiting for it`,
  using: (version: string, origin: string) => `torch ${version} found (${origin})`,
  compiling: (compiler: string) => `compiling the addon with ${compiler}`,
  proving: () => 'checking a matrix product',
  ready: (version: string, seconds: number) => `torch: ready (torch ${version}, ${seconds.toFixed(1)} s)`,
  notSetUp: (reason: string, remedy: string) => `torch: not set up: ${reason}\nTo get it: ${remedy}`,
} as const;
