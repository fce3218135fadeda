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
  importFailed: (packageName: string, detail: string) => `${packageName} cannot be imported: ${detail}`,
} as const;
