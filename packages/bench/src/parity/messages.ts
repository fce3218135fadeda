/** User-facing messages of `leantune parity`. */
export const parityMessages = {
  noCase: (path: string) => `${path}: no case.json here or one folder below`,
  noCaseRemedy: () =>
    'name folders in the format of a reference case: config.json, model.safetensors, case.json, goldens',
  badCase: (file: string, detail: string) => `${file}: ${detail}`,
  badKey: (key: string, message: string) => (key === '' ? message : `${key}: ${message}`),
  noRuns: () => 'has neither "runs" nor "documentation"; expected one of them',
  unsupportedTolerance: (found: unknown) =>
    `tolerance ${JSON.stringify(found)} is not implemented, expected a number or "equal"`,
  noFile: (reason: string) => `a file of the case cannot be read: ${reason}`,
  unsupportedArchitecture: (found: string, known: readonly string[]) =>
    `architecture ${found} is not implemented (implemented: ${known.join(', ')})`,
  unsupportedTask: (found: string) => `task "${found}" is not implemented`,
  unknownComparison: (key: string) => `comparison "${key}" is not implemented`,
  noAdapter: (folder: string) => `${folder}: neither adapter_model.safetensors nor adapter.safetensors`,
  noWeights: () => 'a quantisation names "weights" and "entries"',
  unknownEntry: (entry: string) =>
    `entry "${entry}" is not implemented, expected nf4.bs<block size>, .plain or .dq, and .bfloat16 or .float16 where not float32`,
  noBatch: () => 'the run names no batch',
  shape: (expected: readonly number[], found: readonly number[]) =>
    `expected shape [${expected.join(', ')}], found [${found.join(', ')}]`,
  noGradient: () => 'no gradient',
  unexpectedGradient: () => 'has a gradient, the reference has none',
  unknownParameter: () => 'the model has no such parameter',
  documentationOnly: () => 'documentation only, no runs',
} as const;
