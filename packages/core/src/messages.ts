/** Every user-facing message of this package. */
export const messages = {
  memoryLimit: (requestedBytes: number, liveBytes: number, limitBytes: number) =>
    `out of memory: ${requestedBytes} bytes requested with ${liveBytes} bytes live, limit ${limitBytes} bytes`,
  memoryLimitRemedy: () => 'use a smaller batch size or sequence length, or raise the memory limit',
  backendOutOfMemory: (backend: string, kernel: string, detail: string) =>
    `out of memory: backend ${backend} could not run kernel ${kernel}: ${detail}`,
  backendOutOfMemoryRemedy: () => 'use a smaller batch size or sequence length, or a backend with more memory',
  wasmHeapFull: (requestedBytes: number) =>
    `out of memory: the WebAssembly heap, at most 4 GiB, has no room for ${requestedBytes} bytes`,
  storageUnsupported: (backend: string, storage: string) => `backend ${backend} cannot hold values as ${storage}`,
  storageUnsupportedRemedy: () =>
    'use float32 (precision fp32), or measure its memory on the meta backend: npx leantune memory',
  noValues: () => 'the meta backend has shapes only: there is no value to read',
  noValuesRemedy: () =>
    'measure memory with it (measureStepMemory, npx leantune memory), and compute on another backend',
  trainingNeedsValues: (backend: string) => `backend ${backend} has shapes only: nothing can be trained on it`,
  kernelMissing: (backend: string, kernel: string) => `backend ${backend} has no kernel ${kernel}`,
  kernelMissingRemedy: () => 'use another backend: npx leantune doctor lists those that load',
  kernelInputs: (kernel: string, detail: string) => `${kernel}: ${detail}`,
  noBackend: () => 'no backend is active: call useBackend(await loadBackend()) before tensors are made',
  tensorReleased: (kernel: string, input: string, shape: readonly number[]) =>
    `${kernel}: input "${input}" of shape [${shape.join(', ')}] was released already; retain() it or move it out of its scope`,
  shapeMismatch: (where: string, expected: string, found: readonly number[]) =>
    `${where}: expected shape ${expected}, found [${found.join(', ')}]`,
  dtypeMismatch: (where: string, expected: string, found: string) =>
    `${where}: expected dtype ${expected}, found ${found}`,
  dataLength: (shape: readonly number[], expected: number, found: number) =>
    `tensor of shape [${shape.join(', ')}] needs ${expected} values, found ${found}`,
  backwardWithoutGraph: () =>
    'backward: the output depends on nothing that requires a gradient (is every parameter frozen, or was it computed inside noGrad?)',
  backwardNotScalar: (shape: readonly number[]) =>
    `backward: an output of shape [${shape.join(', ')}] needs an explicit output gradient; only scalars have a default`,
  selectionMismatch: (operation: string) =>
    `${operation}: its inputs carry different token selections; all inputs of one op must come from the same micro-batch`,
  selectionUnsupported: (operation: string) =>
    `${operation}: an input carries a token selection, which this op cannot keep; take selectedRows() first`,
  gradientShape: (operation: string, input: string, expected: readonly number[], found: readonly number[]) =>
    `${operation}: gradient of "${input}" has shape [${found.join(', ')}], expected [${expected.join(', ')}]`,
  notSaved: (operation: string) => `${operation}: asked for a tensor that was not saved for its backward pass`,
  graphReleased: (operation: string) =>
    `backward: the graph through ${operation} was released already; run the forward pass again`,
  duplicateName: (path: string, name: string) => `module ${path || '(root)'} has two members named "${name}"`,
  noBatches: () => 'an epoch needs at least one batch',
  fixedPointOverflow: (found: number, limit: number) =>
    Number.isNaN(found)
      ? 'gradient=exact: a layer computed NaN, which its fixed-point streams cannot hold'
      : `gradient=exact: a stream reached magnitude ${found}; its fixed-point numbers hold less than ${limit}`,
  fixedPointOverflowRemedy: () => 'use a lower learning rate, or gradient=reversible, whose streams are floating-point',
  diverged: (loss: number, step: number, learningRate: number) =>
    `training diverged: the loss is ${loss} at step ${step} (learning rate ${learningRate})`,
  fusedClips: () =>
    'cannot be combined with clipping: every gradient is scaled by the norm of all, and a fused optimiser has released the first ones before it knows the last',
  fusedScales: () =>
    'cannot be combined with precision fp16-mixed: whether a step is skipped is known when all gradients are there, and a fused optimiser has released the first ones by then',
  fusedRemedy: () =>
    'switch clipping off (maxGradNorm 0 in a sweep, --clip 0) and use another precision (bf16-mixed), or leave fused out',
  overflowRemedy: () =>
    'use precision bf16-mixed or fp32, which hold larger numbers than float16, a lower learning rate or a longer warm-up',
  divergedRemedy: () => 'use a lower learning rate, a longer warm-up or gradient clipping (maxGradNorm)',
} as const;
