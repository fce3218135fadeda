import { isLoaded } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { torchProvider } from './provider.js';
import { runTfjsSpecs } from './testing/tfjsSpecs.js';

const torch = await torchProvider().load();
const outcomes = isLoaded(torch) ? await runTfjsSpecs('torch') : [];
const note = isLoaded(torch) ? '' : ` [skipped: ${torch.reason}]`;

/** Why a spec cannot hold here: it is about a kernel that is not registered, or about strings. */
function whyNotApplicable(failures: readonly string[]): string | undefined {
  for (const failure of failures) {
    const kernel = /Kernel '(\w+)' not registered/.exec(failure)?.[1];
    if (kernel !== undefined) return kernel;
    if (failure.includes('does not compute with string')) return 'strings';
  }
  return undefined;
}

const failed = outcomes.filter(({ passed }) => !passed);

describe.skipIf(!isLoaded(torch))(`tfjs-core's own op tests${note}`, () => {
  it('hold for every registered kernel', () => {
    const wrong = failed.filter(({ failures }) => whyNotApplicable(failures) === undefined);
    expect(wrong.map(({ name, failures }) => `${name}: ${failures.join('; ')}`)).toEqual([]);
    expect(outcomes.length - failed.length).toBeGreaterThan(2800);
  });

  it('that do not apply are about strings and about kernels that no transformer needs', () => {
    const reasons = new Set(failed.map(({ failures }) => whyNotApplicable(failures)));
    // Images, convolutions, pooling, sparse and ragged tensors, text, complex numbers; composed otherwise by tfjs: Einsum.
    const kernels = [
      ...['AvgPool', 'AvgPool3D', 'BatchToSpaceND', 'Bincount', 'BitwiseAnd', 'BroadcastArgs', 'Complex', 'Conv2D'],
      ...['Conv2DBackpropInput', 'Conv3D', 'Conv3DBackpropInputV2', 'CropAndResize', 'DenseBincount', 'DepthToSpace'],
      ...['DepthwiseConv2dNative', 'Diag', 'Dilation2D', 'Einsum', 'EluGrad', 'FlipLeftRight', 'FusedBatchNorm'],
      ...['FusedConv2D', 'FusedDepthwiseConv2D', 'LRN', 'MaxPool', 'MaxPool3D', 'MaxPoolWithArgmax', 'MirrorPad'],
      ...['Multinomial', 'NonMaxSuppressionV3', 'NonMaxSuppressionV4', 'NonMaxSuppressionV5', 'RaggedGather'],
      ...['RaggedRange', 'RaggedTensorToTensor', 'ResizeBilinear', 'ResizeNearestNeighbor', 'SearchSorted'],
      ...['SpaceToBatchND', 'SparseFillEmptyRows', 'SparseReshape', 'SparseSegmentMean', 'SparseSegmentSum'],
      ...['SparseToDense', 'StaticRegexReplace', 'StringNGrams', 'StringSplit', 'StringToHashBucketFast'],
      ...['TensorScatterUpdate', 'TopK', 'Transform', 'Unique', '_FusedMatMul'],
    ];
    expect([...reasons].sort()).toEqual([...kernels, 'strings'].sort());
  });
});
