import { getKernel, registerKernel, type KernelBackend, type TensorInfo } from '@tensorflow/tfjs-core';
import { registerAdamWKernel, type AdamWSettings } from '../../kernels/adamWUpdate.js';
import { uniformKernelName } from '../../kernels/random.js';
import { sumOfSquaresKernelName } from '../../kernels/reduce.js';
import type { StreamKey } from '../../random/stream.js';

interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** The parts of tfjs-node's backend that reach TensorFlow's eager ops directly. */
interface TensorFlowBackend extends KernelBackend {
  readonly binding: {
    readonly TF_FLOAT: number;
    readonly TF_INT32: number;
    readonly TF_ATTR_TYPE: number;
    readonly TF_ATTR_BOOL: number;
    readonly TF_ATTR_STRING: number;
    readonly TF_ATTR_SHAPE: number;
    executeOp(name: string, attributes: OpAttribute[], inputs: number[], outputs: number): { id: number }[];
    createTensor(shape: number[], dtype: number, values: Float32Array | Int32Array): number;
    deleteTensor(id: number): void;
  };
  readonly tensorMap: { get(dataId: object): { id: number } };
  getInputTensorIds(tensors: readonly TensorInfo[]): number[];
  executeSingleOutput(name: string, attributes: OpAttribute[], inputs: readonly TensorInfo[]): TensorInfo;
}

/** TensorFlow's name for a variable that belongs to its handle alone and dies with it. */
const ANONYMOUS_VARIABLE = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347';

/** Kernels that use TensorFlow's own ops where tfjs has none: random numbers, sums of squares, in-place AdamW. */
export function registerTensorFlowKernels(kernelBackend: KernelBackend): void {
  const backend = kernelBackend as TensorFlowBackend;
  if (getKernel(uniformKernelName, 'tensorflow') !== undefined) return;
  const { binding } = backend;
  const float = (name: string): OpAttribute => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT });
  const int = (name: string): OpAttribute => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 });

  registerKernel({
    kernelName: uniformKernelName,
    backendName: 'tensorflow',
    kernelFunc: ({ attrs }) => {
      const { shape, seed } = attrs as unknown as { shape: number[]; seed: StreamKey };
      const hostTensor = (values: readonly number[]): TensorInfo => ({
        dataId: backend.write(Int32Array.from(values), [values.length], 'int32'),
        shape: [values.length],
        dtype: 'int32',
      });
      const inputs = [hostTensor(shape), hostTensor(seed)];
      const output = backend.executeSingleOutput(
        'StatelessRandomUniform',
        [float('dtype'), int('T'), int('Tseed')],
        inputs,
      );
      for (const input of inputs) backend.disposeData(input.dataId);
      return output;
    },
  });

  registerKernel({
    kernelName: sumOfSquaresKernelName,
    backendName: 'tensorflow',
    // L2Loss is Σx²/2.
    kernelFunc: ({ inputs }) => backend.executeSingleOutput('L2Loss', [float('T')], [inputs.x as TensorInfo]),
  });

  registerAdamWKernel('tensorflow', (targets, gradient, settings) => {
    applyAdamW(backend, [targets.parameter, targets.firstMoment, targets.secondMoment], gradient, settings);
  });
}

/**
 * Lends the three buffers to anonymous resource variables, runs ResourceApplyAdam on them in place, and takes them
 * back. TensorFlow's epsilon stands outside the bias correction: ours is ε · √(1-β₂ᵗ) there.
 */
function applyAdamW(
  backend: TensorFlowBackend,
  targets: readonly TensorInfo[],
  gradient: TensorInfo,
  settings: AdamWSettings,
): void {
  const { binding } = backend;
  const float = (name: string): OpAttribute => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT });
  const flag = (name: string, value: boolean): OpAttribute => ({ name, type: binding.TF_ATTR_BOOL, value });
  const scalars: number[] = [];
  const scalar = (value: number): number => {
    const id = binding.createTensor([], binding.TF_FLOAT, new Float32Array([value]));
    scalars.push(id);
    return id;
  };
  const scaled = (id: number, factor: number): number =>
    binding.executeOp('Mul', [float('T')], [id, scalar(factor)], 1)[0]!.id;

  const decay = 1 - settings.learningRate * settings.weightDecay;
  const variables = targets.map((target, index) => {
    const entry = backend.tensorMap.get(target.dataId);
    const [id] = backend.getInputTensorIds([target]) as [number];
    const value = index === 0 && decay !== 1 ? scaled(id, decay) : id;
    const variable = binding.executeOp(
      'VarHandleOp',
      [
        { name: 'container', type: binding.TF_ATTR_STRING, value: '' },
        { name: 'shared_name', type: binding.TF_ATTR_STRING, value: ANONYMOUS_VARIABLE },
        float('dtype'),
        { name: 'shape', type: binding.TF_ATTR_SHAPE, value: [...target.shape] },
      ],
      [],
      1,
    )[0]!.id;
    binding.executeOp('AssignVariableOp', [float('dtype'), flag('validate_shape', false)], [variable, value], 0);
    // The variable must be the only owner of the buffer, or TensorFlow updates a copy.
    if (value !== id) binding.deleteTensor(value);
    binding.deleteTensor(id);
    entry.id = -1;
    return { variable, entry };
  });

  const { gradientScale = 1, beta1, beta2, step } = settings;
  const [gradientId] = backend.getInputTensorIds([gradient]) as [number];
  const scaledGradient = gradientScale === 1 ? gradientId : scaled(gradientId, gradientScale);
  binding.executeOp(
    'ResourceApplyAdam',
    [float('T'), flag('use_locking', false), flag('use_nesterov', false)],
    [
      ...variables.map(({ variable }) => variable),
      scalar(beta1 ** step),
      scalar(beta2 ** step),
      scalar(settings.learningRate),
      scalar(beta1),
      scalar(beta2),
      scalar(settings.epsilon * Math.sqrt(1 - beta2 ** step)),
      scaledGradient,
    ],
    0,
  );
  if (scaledGradient !== gradientId) binding.deleteTensor(scaledGradient);
  for (const { variable, entry } of variables) {
    entry.id = binding.executeOp('ReadVariableOp', [float('dtype')], [variable], 1)[0]!.id;
    binding.deleteTensor(variable);
  }
  for (const id of scalars) binding.deleteTensor(id);
}
