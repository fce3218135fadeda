import { expect, it } from 'vitest';
import { webgpuProvider } from './provider.js';

it('says that a platform without navigator.gpu has no WebGPU', async () => {
  expect(await webgpuProvider().load()).toEqual({
    name: 'webgpu',
    reason: 'this platform offers no WebGPU (navigator.gpu)',
    remedy: 'use a browser with WebGPU over https or localhost, or another backend',
  });
});

it('says that a platform offers no adapter', async () => {
  const gpu = { requestAdapter: async () => null } as unknown as GPU;
  expect(await webgpuProvider(async () => ({ gpu, details: {} })).load()).toMatchObject({
    reason: expect.stringContaining('offers no adapter') as string,
  });
});
