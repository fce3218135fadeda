import { registerKernel, type TensorInfo } from '@tensorflow/tfjs-core';
import { LeantuneError } from '../../errors/errors.js';
import { registerAdamWKernel } from '../../kernels/adamWUpdate.js';
import { messages } from '../../messages.js';
import { elementwiseKernels } from './elementwise.js';
import { fusedKernels } from './fused.js';
import { indexingKernels } from './indexing.js';
import type { Attributes, Inference, Meta } from './inference.js';
import { layoutKernels, viewKernels } from './layouts.js';
import type { MetaBackend, MetaBuffer } from './metaBackend.js';
import { reductionKernels } from './reductions.js';

export const metaBackendName = 'meta';

/** Gives tfjs every kernel that training uses, as shape and storage inference; in-place AdamW needs nothing. */
export function registerMetaKernels(): void {
  for (const [name, inference] of Object.entries(viewKernels)) register(name, inference, share);
  for (const table of [elementwiseKernels, reductionKernels, layoutKernels, indexingKernels, fusedKernels]) {
    for (const [name, inference] of Object.entries(table)) register(name, inference, allocate);
  }
  registerAdamWKernel(metaBackendName, () => undefined);
}

type MakeOutput = (output: Meta, backend: MetaBackend, first: TensorInfo) => TensorInfo;

const allocate: MakeOutput = ({ shape, storage }, backend) => backend.allocate(shape, storage);

const share: MakeOutput = ({ shape }, backend, { dataId, dtype }) => {
  backend.incRef(dataId);
  return { dataId, shape: [...shape], dtype };
};

function register(kernelName: string, inference: Inference, makeOutput: MakeOutput): void {
  registerKernel({
    kernelName,
    backendName: metaBackendName,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const given = inputs as Readonly<Record<string, TensorInfo>>;
      const described: Record<string, Meta> = {};
      for (const name in given) {
        const { shape, dataId } = given[name]!;
        described[name] = { shape, storage: (dataId as MetaBuffer).storage };
      }
      const result = infer(kernelName, () => inference(described, (attrs ?? {}) as Attributes));
      const make = (output: Meta) => makeOutput(output, backend as MetaBackend, Object.values(given)[0]!);
      return Array.isArray(result) ? (result as Meta[]).map(make) : make(result as Meta);
    },
  });
}

/** tfjs's checks speak of what does not fit, not of the kernel. */
function infer<T>(kernelName: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof LeantuneError || !(error instanceof Error)) throw error;
    throw new LeantuneError(messages.kernelInputs(kernelName, error.message), { code: 'LEANTUNE_SHAPE', cause: error });
  }
}
