import {
  registerKernel,
  unregisterKernel,
  getKernel,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { StorageDType } from '@leantune/core';
import type { CallWriter } from '../backend/call.js';
import type { TorchBackend } from '../backend/torchBackend.js';

export const backendName = 'torch';

/** What a kernel is given. Inputs are named as tfjs names them; attributes are the caller's. */
interface KernelCall<Attributes = NamedAttrMap> {
  readonly inputs: NamedTensorInfoMap;
  readonly attrs: Attributes;
  readonly backend: TorchBackend;
}

type KernelBody<Attributes> = (call: KernelCall<Attributes>) => TensorInfo | TensorInfo[];

/** Registers a kernel with tfjs; one that is there already is replaced. */
export function registerTorchKernel<Attributes = NamedAttrMap>(kernelName: string, body: KernelBody<Attributes>): void {
  if (getKernel(kernelName, backendName) !== undefined) unregisterKernel(kernelName, backendName);
  registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs, backend }) =>
      body({ inputs, attrs: (attrs ?? {}) as Attributes, backend: backend as TorchBackend }),
  });
}

/** Registers a kernel of `native` whose arguments `encode` writes; its result is held as the caller's `storage`. */
export function registerEncoded<Attributes = NamedAttrMap>(
  kernelName: string,
  encode: (call: CallWriter, inputs: NamedTensorInfoMap, attributes: Attributes) => unknown,
): void {
  registerTorchKernel<Attributes & StorageAttribute>(kernelName, ({ inputs, attrs, backend }) =>
    backend.run(kernelName, (call) => encode(call, inputs, attrs), { storage: attrs.storage }),
  );
}

/** Core's extension of tfjs's attributes: how the result is held. */
export interface StorageAttribute {
  readonly storage?: StorageDType;
}
