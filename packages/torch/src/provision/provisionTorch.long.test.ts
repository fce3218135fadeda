import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isProblem } from '@leantune/core/node';
import { isLoaded } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { findLibtorch } from '../libtorch/find.js';
import { torchProvider } from '../provider.js';
import { temporaryFolder } from '../testing/machine.js';
import { provisionTorch } from './provisionTorch.js';
import { addonFile, torchCache } from './store.js';

const libtorch = await findLibtorch(process.env);
const note = isProblem(libtorch) ? ` [skipped: ${libtorch.reason}]` : '';

describe.skipIf(isProblem(libtorch))(`setting up torch in an empty cache${note}`, () => {
  it('compiles the addon once, and so that it loads', async () => {
    const cache = temporaryFolder();
    const environment = { ...process.env, LEANTUNE_CACHE: cache };
    const both = await Promise.all([provisionTorch({ environment }), provisionTorch({ environment })]);
    expect(both.map((result) => result.status)).toEqual(['ready', 'ready']);
    // The second waited for the first.
    expect(both.map((result) => result.status === 'ready' && result.reused).sort()).toEqual([false, true]);
    // Nothing is left of the objects on the way.
    const [folder, ...others] = readdirSync(torchCache(cache));
    expect(others).toEqual([]);
    expect(existsSync(join(torchCache(cache), folder!, addonFile))).toBe(true);

    const backend = await torchProvider(environment).load();
    expect(isLoaded(backend) && backend.details).toMatchObject({
      torchVersion: isProblem(libtorch) ? '' : libtorch.version,
      device: expect.stringMatching(/^cpu$|^cuda:0$/) as string,
      addonSources: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
    });
  });
});
