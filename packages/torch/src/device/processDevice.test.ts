import { isLoaded, type LoadedBackend } from '@leantune/core';
import { loadBackend, registerNodeProvider } from '@leantune/core/node';
import { describe, expect, it } from 'vitest';
import { torchProvider } from '../provider.js';

const found = await torchProvider().load();
const note = isLoaded(found) ? '' : ` [skipped: ${found.reason}]`;

describe.skipIf(!isLoaded(found))(`the device of a process${note}`, () => {
  registerNodeProvider(torchProvider);
  const current = isLoaded(found) ? found.device.name! : '';

  it('may be named again', async () => {
    const backend = await loadBackend(`torch:${current}`, { requestedBy: '--backend' });
    expect([backend.name, backend.device.name, backend.details.device]).toEqual(['torch', current, current]);
  });

  it('cannot be changed, by name or by the environment', async () => {
    const other = current === 'cpu' ? 'cuda:1' : 'cpu';
    const expected = (by: string) => ({
      name: 'UsageError',
      message: `torch:${other} (asked for by ${by}) cannot be had in a process whose torch computes on ${current}: all tensors of a process live on one device`,
      remedy: 'compute on each device in a process of its own',
    });
    await expect(loadBackend(`torch:${other}`)).rejects.toMatchObject(expected(`torch:${other}`));
    const environment = { ...process.env, LEANTUNE_TORCH_DEVICE: other };
    await expect(loadBackend('torch', { environment })).rejects.toMatchObject(expected('LEANTUNE_TORCH_DEVICE'));
  });

  it('is said in words and details, with what computes and its settings', () => {
    const { device, details, deviceMeter } = found as LoadedBackend;
    expect(device.description).toMatch(/^torch \d+\.\d+\.\d+, /);
    expect(details).toMatchObject({
      torchVersion: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
      threads: expect.any(Number) as number,
      deterministic: expect.any(Boolean) as boolean,
      devices: expect.stringMatching(/^cpu/) as string,
    });
    expect(deviceMeter?.source).toMatch(/^libtorch's /);
  });
});
