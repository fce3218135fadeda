import { activationGradientKernelName, activationKernelName } from '../../kernels/activation.js';
import { attentionGradientKernelName, attentionKernelName } from '../../kernels/attention.js';
import { crossEntropyGradientKernelName, crossEntropyKernelName } from '../../kernels/crossEntropy.js';
import { applyKeepMaskKernelName, dropoutKernelName, keepMaskKernelName } from '../../kernels/dropout.js';
import { embeddingGradientKernelName } from '../../kernels/embeddingGradient.js';
import { affineKernelName, normGradientKernelName, normKernelName } from '../../kernels/fusedNorm.js';
import { biasedMatMulKernelName } from '../../kernels/linearAlgebra.js';
import type { StorageDType } from '../../tensor/dtype.js';
import { input, type Attributes, type Inference, type Meta, type MetaInputs } from './inference.js';
import { batchMatMul } from './reductions.js';

const like =
  (name: string): Inference =>
  (inputs) =>
    input(inputs, name);

const statistics = ({ shape, storage }: Meta): Meta => ({
  shape: [...shape.slice(0, -1), 1],
  storage: storage === 'float64' ? 'float64' : 'float32',
});

const norm: Inference = (inputs, { centred, wantsNormalised }) => {
  const x = input(inputs, 'x');
  const outputs = [x, statistics(x)];
  if (centred === true) outputs.push(statistics(x));
  if (wantsNormalised === true) outputs.push(x);
  return outputs;
};

const normGradient: Inference = (inputs, { needsX, needsWeight, needsBias }) => {
  const weight = input(inputs, 'weight');
  const outputs: Meta[] = needsX === true ? [input(inputs, 'gradOutput')] : [];
  return [...outputs, ...[needsWeight, needsBias].filter((needed) => needed === true).map(() => weight)];
};

const attentionGradient: Inference = (inputs, { needsQuery, needsKey, needsValue }) => {
  const key = input(inputs, 'key');
  const outputs: Meta[] = needsQuery === true ? [input(inputs, 'query')] : [];
  return [...outputs, ...[needsKey, needsValue].filter((needed) => needed === true).map(() => key)];
};

const crossEntropy: Inference = (inputs, { wantsLogProbabilities }) => {
  const logits = input(inputs, 'logits');
  const { storage } = statistics(logits);
  const outputs: Meta[] = [{ shape: [], storage }];
  return wantsLogProbabilities === true ? [...outputs, { shape: logits.shape, storage }] : outputs;
};

const crossEntropyGradient: Inference = (inputs, { storage }) => ({
  shape: input(inputs, 'values').shape,
  storage: storage as StorageDType,
});

const embeddingGradient: Inference = (inputs, { vocabulary }) => {
  const { shape, storage } = input(inputs, 'gradOutput');
  return { shape: [vocabulary as number, shape[1]!], storage };
};

const biasedMatMul = (inputs: MetaInputs, { transposeB }: Attributes) =>
  batchMatMul(inputs, { transposeA: false, transposeB });

/** Kernels that do the work of several, by name: used where the backend's `fusesKernels` is on. */
export const fusedKernels: Readonly<Record<string, Inference>> = {
  [activationKernelName]: like('x'),
  [activationGradientKernelName]: like('gradOutput'),
  [attentionKernelName]: like('query'),
  [attentionGradientKernelName]: attentionGradient,
  [biasedMatMulKernelName]: biasedMatMul,
  [crossEntropyKernelName]: crossEntropy,
  [crossEntropyGradientKernelName]: crossEntropyGradient,
  [embeddingGradientKernelName]: embeddingGradient,
  [keepMaskKernelName]: (_inputs, { shape }) => ({ shape: shape as number[], storage: 'bool' }),
  [applyKeepMaskKernelName]: like('x'),
  [dropoutKernelName]: like('x'),
  [normKernelName]: norm,
  [normGradientKernelName]: normGradient,
  [affineKernelName]: like('value'),
};
