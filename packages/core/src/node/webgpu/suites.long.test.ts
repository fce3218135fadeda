/** Core's suites for every backend, on WebGPU. Each is what it is elsewhere; software takes minutes for them. */
import { vi } from 'vitest';

vi.setConfig({ testTimeout: 1_200_000 });
process.env.LEANTUNE_TEST_BACKEND = 'webgpu';

await import('../../tensor/tensor.test.js');
await import('../../kernels/packBits.test.js');
await import('../../quantization/nf4Weight.test.js');
await import('../../ops/ops.test.js');
await import('../../ops/prefix.test.js');
await import('../../ops/scaleFeatures.test.js');
await import('../../ops/linearCrossEntropy.test.js');
await import('../../autograd/backward.test.js');
await import('../../autograd/checkpoint.test.js');
await import('../../autograd/graphMemory.test.js');
await import('../../optim/optimizers.test.js');
await import('../../train/train.test.js');
