import { describe, expect, it } from 'vitest';
import { chooseDevice } from './chooseDevice.js';

const onCpu = { gpus: 0, hasCuda: false, version: '2.13.0' };
const withGpus = { gpus: 2, hasCuda: true, version: '2.13.0' };
const wish = (device: string) => ({ device, by: '--backend' });

describe('the device', () => {
  it('is the first GPU, else the CPU, where none is asked for', () => {
    expect(chooseDevice(undefined, onCpu)).toBe('cpu');
    expect(chooseDevice(undefined, withGpus)).toBe('cuda:0');
  });

  it('is the one that is asked for', () => {
    expect(chooseDevice(wish('cpu'), withGpus)).toBe('cpu');
    expect(chooseDevice(wish('cuda'), withGpus)).toBe('cuda:0');
    expect(chooseDevice(wish('cuda:1'), withGpus)).toBe('cuda:1');
  });

  it.each([
    [
      'cuda:0',
      onCpu,
      'EnvironmentError',
      'torch has no device "cuda:0" (asked for by --backend): torch 2.13.0 is built without CUDA',
      'install a torch with CUDA (pip install torch from the index for your CUDA version), then npx leantune setup torch',
    ],
    [
      'cuda',
      { ...withGpus, gpus: 0 },
      'EnvironmentError',
      'torch has no device "cuda" (asked for by --backend): libtorch finds no GPU with a driver',
      'nvidia-smi shows what the driver sees, and CUDA_VISIBLE_DEVICES may hide it; or take torch:cpu',
    ],
    [
      'cuda:2',
      withGpus,
      'UsageError',
      'torch has no device "cuda:2" (asked for by --backend): there are cpu, cuda:0, cuda:1; did you mean "cuda:0"?',
      'npx leantune doctor lists the devices; name one as in torch:cuda:0, or in LEANTUNE_TORCH_DEVICE',
    ],
    [
      'gpu',
      withGpus,
      'UsageError',
      'torch has no device "gpu" (asked for by --backend): there are cpu, cuda:0, cuda:1; did you mean "cpu"?',
      'npx leantune doctor lists the devices; name one as in torch:cuda:0, or in LEANTUNE_TORCH_DEVICE',
    ],
    [
      'mps',
      onCpu,
      'EnvironmentError',
      'torch has no device "mps" (asked for by --backend): only the libtorch of macOS has it, where the addon is not compiled',
      'npx leantune doctor lists the devices; name one as in torch:cuda:0, or in LEANTUNE_TORCH_DEVICE',
    ],
  ])('%s is an error where it is not there, never another device', (device, here, name, message, remedy) => {
    expect(() => chooseDevice(wish(device), here)).toThrow(
      expect.objectContaining({ name, message, remedy, code: 'LEANTUNE_TORCH_DEVICE' }),
    );
  });
});
