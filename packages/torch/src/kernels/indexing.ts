import {
  backend_util,
  gather_util,
  scatter_util,
  util,
  type GatherV2Attrs,
  type OneHotAttrs,
  type ScatterNdAttrs,
  type Tensor,
  type UnsortedSegmentSumAttrs,
} from '@tensorflow/tfjs-core';
import { registerEncoded, registerTorchKernel, type StorageAttribute } from './register.js';

export function registerIndexing(): void {
  registerEncoded<GatherV2Attrs>('GatherV2', (call, { x, indices }, attributes) => {
    const axis = util.parseAxisParam(attributes.axis, x!.shape)[0]!;
    const batchDims = attributes.batchDims ?? 0;
    // Checks that they fit, with tfjs's messages.
    backend_util.segment_util.collectGatherOpShapeInfo(x as Tensor, indices as Tensor, axis, batchDims);
    const batches = batchDims < 0 ? batchDims + indices!.shape.length : batchDims;
    call.tensor(x).tensor(indices).number(axis).number(batches);
  });
  registerEncoded('GatherNd', (call, { params, indices }) => {
    gather_util.prepareAndValidate(params as Tensor, indices as Tensor);
    call.tensor(params).tensor(indices);
  });
  registerEncoded<ScatterNdAttrs>('ScatterNd', (call, { indices, updates }, { shape }) => {
    scatter_util.validateInput(updates as Tensor, indices as Tensor, shape);
    call.tensor(indices).tensor(updates).numbers(shape);
  });
  registerEncoded<UnsortedSegmentSumAttrs>('UnsortedSegmentSum', (call, { x, segmentIds }, { numSegments }) =>
    call.tensor(x).tensor(segmentIds).number(numSegments),
  );
  registerTorchKernel<OneHotAttrs & StorageAttribute>('OneHot', ({ inputs: { indices }, attrs, backend }) => {
    const { depth, onValue, offValue, dtype, storage } = attrs;
    return backend.run('OneHot', (call) =>
      call
        .tensor(indices)
        .number(depth)
        .number(onValue)
        .number(offValue)
        .storage(storage ?? dtype),
    );
  });
}
