import { isLoaded } from '@leantune/core';
import { torchProvider } from '@leantune/torch';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, workingFolder } from '../testing/runCli.js';
import { smallBertConfig } from '../testing/smallBert.js';
import type { deviceRecord } from './onDeviceTable.js';

const found = await torchProvider().load();
const note = isLoaded(found) ? '' : ` [skipped: ${found.reason}]`;
const device = isLoaded(found) ? `torch:${found.device.name}` : '';

/** Larger than its batch, so that what kernels take inside is small beside the rest. */
const model = JSON.stringify({ ...smallBertConfig, vocab_size: 4000, hidden_size: 64, intermediate_size: 256 });

const memory = async (words: readonly string[], environment: Readonly<Record<string, string>> = {}) => {
  const cwd = workingFolder({ 'config.json': model });
  return { ...(await runCli(['memory', '--model', '.', ...words], { cwd, environment })), cwd };
};

describe.skipIf(!isLoaded(found))(`memory beside the allocator of ${device}${note}`, () => {
  it('predicts its peak, shows both apart, and keeps them as a result', async () => {
    const methods = 'full,lora(rank=4),tokentune(tokens=4),meft1';
    const words = ['--methods', methods, '--batch', '4', '--seq', '16', '--backend', device, '--out', 'result'];
    const { code, stdout, cwd } = await memory(words);
    expect(code).toBe(0);
    for (const header of ['predicted peak', 'device alloc.', 'device / predicted', 'in backward']) {
      expect(stdout).toContain(header);
    }
    expect(readdirSync(join(cwd, 'result')).sort()).toEqual(['device-memory.json', 'device-memory.md']);
    const record = JSON.parse(readFileSync(join(cwd, 'result/device-memory.json'), 'utf8')) as DeviceRecord;
    expect(record.methods.map(({ predicted }) => predicted.method)).toEqual(methods.split(/,(?!.*\))|,(?=lora|tok)/));
    for (const { predicted, measured, ratio } of record.methods) {
      // The logical meter counts the same program there; the allocator never holds less.
      expect(measured!.memory.peakBytes).toBe(predicted.peakBytes);
      expect(measured!.device.allocatedPeakBytes).toBeGreaterThanOrEqual(predicted.peakBytes as number);
      expect(ratio).toBe(measured!.device.allocatedPeakBytes / (predicted.peakBytes as number));
      // Nothing of the step is left.
      expect(measured!.keptBytes).toBeLessThan(measured!.device.allocatedPeakBytes / 10);
      const phases = Object.values(measured!.device.phases).map(({ allocatedPeakBytes }) => allocatedPeakBytes);
      expect(Math.max(...phases)).toBe(measured!.device.allocatedPeakBytes);
    }
    expect(record.backend).toMatchObject({ name: device, details: { deterministic: false } });
    expect(record.provenance.command).toMatch(/^npx leantune memory --model \. /);
  });

  it('says how the device was told to compute', async () => {
    const words = ['--batch', '1', '--seq', '8', '--backend', device, '--json'];
    const { stdout } = await memory(words, { LEANTUNE_DETERMINISTIC: '1', LEANTUNE_THREADS: '1' });
    expect((JSON.parse(stdout) as DeviceRecord).backend.details).toMatchObject({
      deterministic: true,
      threads: 1,
      device: device.slice('torch:'.length),
      CUBLAS_WORKSPACE_CONFIG: ':4096:8',
    });
    const { code, stderr } = await memory(words, { LEANTUNE_DETERMINISTIC: 'yes' });
    expect(code).toBe(2);
    expect(stderr).toContain('LEANTUNE_DETERMINISTIC is "yes": expected 1 or 0');
  });

  it.each([
    ['--fit', '1GiB', 'cannot stand beside --backend, which runs one step of one size'],
    ['--backend', 'wasm', 'backend wasm does not say what its allocator hands out'],
    ['--backend', 'torch:cuda:77', 'torch has no device "cuda:77"'],
  ])('refuses %s %s', async (option, value, message) => {
    const { code, stderr } = await memory(['--batch', '1', '--seq', '8', '--backend', device, option, value]);
    expect([2, 3]).toContain(code);
    expect(stderr).toContain(message);
  });
});

type DeviceRecord = ReturnType<typeof deviceRecord> & {
  readonly methods: readonly { readonly predicted: { readonly method: string } }[];
};
