const cudaOrNot = (cuda: boolean) => (cuda ? 'with CUDA' : 'without CUDA');

/** Every user-facing message of the torch backend. */
export const messages = {
  setupCommand: () => 'npx leantune setup torch',
  setupAgainCommand: () => 'npx leantune setup torch --force',

  dtype: (dtype: string) => `the torch backend does not compute with ${dtype}`,
  callTooLong: () => 'a kernel has more inputs than one call to libtorch takes',
  missingInput: () => 'a kernel was called without one of its inputs',
  kernelNotCompiled: (kernel: string) => `the compiled addon has no kernel ${kernel}`,
  heldElsewhere: (device: string) =>
    `a tensor that another backend holds is used on torch (${device}): tensors stay where they were made`,
  heldElsewhereRemedy: () => 'read its values and make it anew on this backend',
  hostMeter: () => "libtorch's allocator on cpu, every storage to the byte",
  gpuMeter: (device: string) => `libtorch's caching allocator on ${device}`,
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

  noDevice: (device: string, by: string, reason: string) =>
    `torch has no device "${device}" (asked for by ${by}): ${reason}`,
  devicesHere: (known: readonly string[], nearest: string | undefined) =>
    `there are ${known.join(', ')}${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`,
  noCuda: (version: string) => `torch ${version} is built without CUDA`,
  noCudaRemedy: () =>
    'install a torch with CUDA (pip install torch from the index for your CUDA version), then npx leantune setup torch',
  noGpu: () => 'libtorch finds no GPU with a driver',
  noGpuRemedy: () => 'nvidia-smi shows what the driver sees, and CUDA_VISIBLE_DEVICES may hide it; or take torch:cpu',
  noMps: () => 'only the libtorch of macOS has it, where the addon is not compiled',
  deviceRemedy: () => 'npx leantune doctor lists the devices; name one as in torch:cuda:0, or in LEANTUNE_TORCH_DEVICE',
  otherDevice: (device: string, by: string, current: string) =>
    `torch:${device} (asked for by ${by}) cannot be had in a process whose torch computes on ${current}: all tensors of a process live on one device`,
  otherDeviceRemedy: () => 'compute on each device in a process of its own',
  deviceFails: (device: string, detail: string) => `device ${device} cannot be used: ${detail}`,
  cpuDescription: (version: string, threads: number) =>
    `torch ${version}, ${threads} thread${threads === 1 ? '' : 's'}`,
  gpuDescription: (version: string, cuda: string, device: string, name: string, capability: string) =>
    `torch ${version}, CUDA ${cuda}, ${device}: ${name}${capability === '' ? '' : `, capability ${capability}`}`,

  devices: (gpus: readonly { readonly name: string; readonly capability: string }[]) =>
    ['cpu', ...gpus.map(({ name, capability }, index) => `cuda:${index} ${name} (${capability})`)].join(', '),
  earlierSetup: () => 'an earlier set-up',
  notCompiledYet: (cuda: boolean) => `${cudaOrNot(cuda)}, no addon is compiled for it (npx leantune setup torch)`,
  anotherFirst: () => 'another one comes first (LIBTORCH or LEANTUNE_PYTHON names one)',
  compiledWith: (compiler: string, cuda: boolean, devices: string | undefined) =>
    `${cudaOrNot(cuda)}, addon compiled with ${compiler}${devices === undefined ? '' : `; devices: ${devices}`}`,

  reused: (version: string, origin: string) => `torch: already done (addon for torch ${version}, ${origin})`,
  waiting: (pid: number, host: string) => `another set-up is running (process ${pid} on ${host}); waiting for it`,
  using: (version: string, origin: string) => `torch ${version} found (${origin})`,
  compiling: (compiler: string) => `compiling the addon with ${compiler}`,
  proving: () => 'checking a matrix product',
  ready: (version: string, seconds: number) => `torch: ready (torch ${version}, ${seconds.toFixed(1)} s)`,
  notSetUp: (reason: string, remedy: string) => `torch: not set up: ${reason}\nTo get it: ${remedy}`,
} as const;
