/** Every user-facing message of the Node entry: native backend, set-up, doctor. */
export const nodeMessages = {
  setupCommand: () => 'npx leantune setup',
  setupAgainCommand: () => 'npx leantune setup --force',

  badThreads: (value: string) => `LEANTUNE_THREADS is "${value}": expected a whole number of threads from 1 on`,
  badThreadsRemedy: () => 'unset LEANTUNE_THREADS to use every core',

  badDeterministic: (value: string) => `LEANTUNE_DETERMINISTIC is "${value}": expected 1 or 0`,

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

  platform: (platform: string) => `the binding is compiled on Linux only, this is ${platform}`,
  platformRemedy: () => 'npx leantune setup --official downloads the official binary, where there is one',
  noPython: () => 'python3 is not installed',
  noPythonRemedy: () =>
    'install Python 3.9 or later (Debian, Ubuntu: apt install python3 python3-venv), then npx leantune setup',
  noVenv: (version: string) => `python3 (${version}) has no venv module with pip`,
  noVenvRemedy: () => 'install it (Debian, Ubuntu: apt install python3-venv), then npx leantune setup',
  noCompiler: () => 'no C++ compiler: neither $CXX, g++ nor clang++ is there',
  noCompilerRemedy: () => 'install one (Debian, Ubuntu: apt install g++), then npx leantune setup',
  noSpace: (freeBytes: number, neededBytes: number) =>
    `the cache folder has ${gigabytes(freeBytes)} free, TensorFlow needs ${gigabytes(neededBytes)}`,
  noSpaceRemedy: () => 'free some space or set LEANTUNE_CACHE to a folder on another disk, then npx leantune setup',
  noNetwork: (detail: string) => `pip reached no package index: ${detail}`,
  noNetworkRemedy: () =>
    'connect to the network (or configure pip for a mirror) and run npx leantune setup again; it goes on where it stopped',
  noWheel: (requirement: string, detail: string) => `pip found no ${requirement} for this machine: ${detail}`,
  noWheelRemedy: () => 'set LEANTUNE_TENSORFLOW to a virtual environment with TensorFlow, then npx leantune setup',
  pipFailed: (code: number, detail: string) => `pip ended with exit code ${code}: ${detail}`,
  compilerFailed: (compiler: string, detail: string) => `${compiler} could not compile the binding: ${detail}`,
  proofFailed: (detail: string) => `the compiled binding does not work: ${detail}`,
  proofWrong: (largestError: number) => `its matrix product is off by ${largestError}`,
  retryRemedy: () => 'npx leantune setup --force starts afresh; npx leantune doctor shows what is there',

  officialFailed: (name: string, code: number, detail: string) =>
    `the install script of ${name} ended with exit code ${code}: ${detail}`,
  officialTimeout: (name: string, seconds: number) => `the install script of ${name} was stopped after ${seconds} s`,
  officialRemedy: () => 'npx leantune setup, which compiles the binding instead',

  reused: (what: string) => `tensorflow: already done (${what})`,
  waiting: (pid: number, host: string) => `another set-up is running (process ${pid} on ${host}); waiting for it`,
  using: (version: string, origin: string) => `TensorFlow ${version} found (${origin})`,
  notUsing: (origin: string, reason: string) => `TensorFlow of ${origin} not used: ${reason}`,
  resuming: () => 'going on with a set-up that was interrupted',
  creatingEnvironment: () => 'making a private Python environment',
  downloading: (requirement: string) => `loading ${requirement}`,
  installing: (requirement: string) => `installing ${requirement}`,
  compiling: (compiler: string) => `compiling the binding with ${compiler}`,
  proving: () => 'checking a matrix product',
  phaseDone: (what: string, seconds: number) => `${what}: ${seconds.toFixed(1)} s`,
  ready: (version: string, seconds: number) => `tensorflow: ready (TensorFlow ${version}, ${seconds.toFixed(1)} s)`,
  goesOn: (reason: string, remedy: string) =>
    `tensorflow: not set up: ${reason}\nTo get it: ${remedy}\nleantune goes on with the wasm backend, which is slower.`,

  noOfficialAddon: () => 'its addon is not downloaded',
  officialAddon: (version: string, gpu: boolean, gpuPackage: boolean) =>
    `official addon with TensorFlow ${version}, ${gpu ? 'on the GPU' : gpuPackage ? 'on the CPU: it found no GPU' : 'on the CPU'}`,
  notCompiledYet: () => 'no binding is compiled for it (npx leantune setup)',
  compiledWith: (compiler: string, gpu: boolean) => `binding compiled with ${compiler}, on the ${gpu ? 'GPU' : 'CPU'}`,
  webgpuNoLoader: (detail: string) => `the Vulkan loader cannot be loaded: ${detail}`,
  webgpuNoLoaderRemedy: () => 'install it (Debian, Ubuntu: apt install libvulkan1) beside the driver of the GPU',
  webgpuNoAdapter: (warnings: string) =>
    `Dawn finds no GPU with a driver for Vulkan, Direct3D 12 or Metal${warnings === '' ? '' : ` (${warnings})`}`,
  webgpuDriverRemedy: () =>
    'install the Vulkan driver of the GPU (in a container of NVIDIA: NVIDIA_DRIVER_CAPABILITIES=all), or compute in software: apt install chromium-common libvulkan1, VK_DRIVER_FILES=/usr/lib/chromium/vk_swiftshader_icd.json',
  webgpuProofFailed: (code: number, detail: string) =>
    `Dawn does not work here: the process that tried it ended with exit code ${code}${detail === '' ? '' : `: ${detail}`}`,
  webgpuProofWrong: (adapter: string, expected: number, found: number) =>
    `its adapter ${adapter} computes wrongly: expected ${expected}, found ${found}`,
  anotherFirst: (better: string) => `${better} comes first`,
} as const;

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
