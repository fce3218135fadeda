// Loads Dawn in a process of its own, has the first adapter double a number and prints one line of JSON: what came of it
// and how the adapter is called, or null where there is none. A driver that crashes takes this process only.
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);
// Held by a global: Dawn frees what its devices need once nothing refers to this object.
globalThis.gpu = create([]);
const adapter = await globalThis.gpu.requestAdapter({ powerPreference: 'high-performance' });
const proof = adapter === null ? null : { adapter: adapter.info.description, doubled: await doubledOn(adapter, 21) };
// Dawn keeps the process busy: it does not end by itself.
process.stdout.write(`${JSON.stringify(proof)}\n`, () => process.exit(0));

async function doubledOn(adapter, number) {
  const { GPUBufferUsage: usage, GPUMapMode } = globalThis;
  const device = await adapter.requestDevice();
  const value = device.createBuffer({ size: 4, usage: usage.STORAGE | usage.COPY_DST | usage.COPY_SRC });
  const readable = device.createBuffer({ size: 4, usage: usage.MAP_READ | usage.COPY_DST });
  device.queue.writeBuffer(value, 0, Float32Array.of(number));
  const code = `@group(0) @binding(0) var<storage, read_write> value: array<f32>;
    @compute @workgroup_size(1) fn main() { value[0] = 2 * value[0]; }`;
  const module = device.createShaderModule({ code });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
  const entries = [{ binding: 0, resource: { buffer: value } }];
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(value, 0, readable, 0, 4);
  device.queue.submit([encoder.finish()]);
  await readable.mapAsync(GPUMapMode.READ);
  return new Float32Array(readable.getMappedRange())[0];
}
