/** Messages of the choice of a backend. */
export const backendMessages = {
  unknown: (name: string, known: readonly string[], nearest: string | undefined) =>
    `unknown backend "${name}": expected one of ${known.join(', ')}${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`,
  withoutDevices: (spelling: string, name: string) =>
    `unknown backend "${spelling}": ${name} has no devices to choose from; did you mean "${name}"?`,
  unknownRemedy: () => 'npx leantune doctor shows every backend and whether it loads here',
  unavailable: (name: string, requestedBy: string, reason: string) =>
    `backend ${name} (requested by ${requestedBy}) cannot be loaded: ${reason}`,
  noneLoads: (reasons: readonly string[]) => `no backend can be loaded: ${reasons.join('; ')}`,
  noneLoadsRemedy: () => 'npx leantune doctor',
  notTaken: (name: string, reason: string) => `${name} not taken because ${reason}`,
  best: (name: string) => `best that loads: ${name}`,
  requested: (by: string) => `requested by ${by}`,
  missingKernels: (kernels: readonly string[]) => `it lacks the kernels ${kernels.join(', ')}`,
  missingKernelsRemedy: () => 'use another backend: npx leantune doctor lists those that load',
  notActivated: (name: string, active: string) => `tfjs did not activate backend ${name} and stays on ${active}`,
  reinstall: () => 'npx --yes pnpm@10.34.8 install',
  metaDevice: () => 'shapes only: nothing is computed',
  wasmUnsupported: () => 'this JavaScript engine has no WebAssembly',
  wasmUnsupportedRemedy: () => 'use Node 20.19 or later without --jitless',
  webgpuMissing: () => 'this platform offers no WebGPU (navigator.gpu)',
  webgpuMissingRemedy: () => 'use a browser with WebGPU over https or localhost, or another backend',
  webgpuNoAdapter: () => 'WebGPU is there but offers no adapter: no usable GPU and driver',
  webgpuNoAdapterRemedy: () => 'install or update the driver of the GPU',
  webgpuNotStarted: (detail: string) => `its adapter gives no device: ${detail}`,
  webgpuDevice: (adapter: string) => `WebGPU, ${adapter}`,
  webgpuFailed: (detail: string) => `backend webgpu: the device refused a command: ${detail}`,
  webgpuOutOfMemory: (detail: string) => `out of memory: backend webgpu could not make a buffer: ${detail}`,
  webgpuBufferTooLarge: (bytes: number, limitBytes: number) =>
    `out of memory: backend webgpu holds at most ${limitBytes} bytes in one buffer, ${bytes} are wanted`,
  webgpuLost: (detail: string) => `backend webgpu: the device is lost: ${detail}`,
  webgpuNotMapped: () => 'it gives no values back',
  importFailed: (packageName: string, detail: string) => `${packageName} cannot be imported: ${detail}`,
} as const;
