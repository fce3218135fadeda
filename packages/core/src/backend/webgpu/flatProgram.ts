import { util, type DataType, type NumericDataType, type TensorInfo } from '@tensorflow/tfjs-core';
import { webgpu_util, type WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';

const workgroupSize: [number, number, number] = [128, 1, 1];

/** A shader over flat arrays, `i` being the number of its thread. */
export interface FlatProgram {
  /** Names the shader: another text, another name. */
  readonly name: string;
  /** Input buffers by the names that the shader gives them; their elements are f32 or i32, as they lie in memory. */
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  /** Numbers by the names that the shader gives them, as `uniforms.…`. */
  readonly numbers?: Readonly<Record<string, number>>;
  readonly integers?: Readonly<Record<string, number>>;
  /** How many threads; default: one for each element of the output. */
  readonly threads?: number;
  /** WGSL run by each; the output is `result`. */
  readonly body: string;
}

/** Runs the program into `output`, which it may read as well. */
export function runFlat(backend: WebGPUBackend, program: FlatProgram, output: TensorInfo): void {
  const { name, inputs, numbers = {}, integers = {}, body } = program;
  const threads = program.threads ?? util.sizeFromShape(output.shape);
  if (threads === 0) return;
  const dispatchLayout = webgpu_util.flatDispatchLayout([threads]);
  const settings = [
    ...Object.entries({ threads, ...integers }).map(([setting, value]) => ({
      setting,
      type: 'int32',
      wgsl: 'i32',
      value,
    })),
    ...Object.entries(numbers).map(([setting, value]) => ({ setting, type: 'float32', wgsl: 'f32', value })),
  ];
  backend.runWebGPUProgram(
    {
      outputShape: [util.sizeFromShape(output.shape)],
      variableNames: Object.keys(inputs),
      uniforms: settings.map(({ setting, wgsl }) => `${setting} : ${wgsl},`).join(' '),
      workgroupSize,
      dispatchLayout,
      dispatch: webgpu_util.computeDispatch(dispatchLayout, [threads], workgroupSize),
      shaderKey: `leantune_${name}`,
      getUserCode: () => `fn main(i : i32) { if (i < uniforms.threads) { ${body} } }`,
    },
    Object.values(inputs).map(flat),
    output.dtype,
    settings.map(({ type, value }) => ({ type, data: [value] })),
    flat(output),
  );
}

/** A new buffer and the program's values in it. */
export function computeFlat(
  backend: WebGPUBackend,
  program: FlatProgram,
  shape: readonly number[],
  dtype: DataType,
): TensorInfo {
  const size = util.sizeFromShape([...shape]);
  const output = backend.makeTensorInfo(
    [...shape],
    dtype,
    size === 0 ? util.getTypedArrayFromDType(dtype as NumericDataType, 0) : undefined,
  );
  runFlat(backend, program, output);
  return output;
}

function flat(tensor: TensorInfo): TensorInfo {
  return { ...tensor, shape: [util.sizeFromShape(tensor.shape)] };
}
