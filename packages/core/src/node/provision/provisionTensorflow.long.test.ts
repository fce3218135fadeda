import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../testing/fakeTensorflow.js';
import { findCompiledBinding, privateEnvironmentFolder, tensorflowCache } from '../tensorflow/bindingStore.js';
import { findCompiler, findPython, isProblem } from './prerequisites.js';
import { provisionTensorflow } from './provisionTensorflow.js';

const missing = [await findPython(), await findCompiler()].filter(isProblem);
const unable = process.platform === 'linux' ? missing[0]?.reason : 'it is compiled on Linux only';

test('set-up from nothing, interrupted, resumed, repeated', async (context) => {
  context.skip(unable !== undefined, unable);
  const environment = { ...process.env, LEANTUNE_CACHE: temporaryFolder(), LEANTUNE_TENSORFLOW: '' };
  const cache = environment.LEANTUNE_CACHE;

  // Stopped by the user while the wheel is unpacked.
  const controller = new AbortController();
  const interrupted = provisionTensorflow({
    environment,
    signal: controller.signal,
    onProgress: ({ phase, elapsedSeconds }) => {
      if (phase === 'install' && elapsedSeconds > 0.5) controller.abort(new Error('stopped by the user'));
    },
  });
  await expect(interrupted).rejects.toThrow('stopped by the user');
  expect(findCompiledBinding(cache, environment)).toMatchObject({ remedy: 'npx leantune setup' });
  expect(existsSync(join(tensorflowCache(cache), 'setup.lock'))).toBe(false);

  // It goes on without loading the wheel again: no index can be reached now.
  const lines: string[] = [];
  const offline = { ...environment, PIP_NO_INDEX: '1', PIP_CONFIG_FILE: '/dev/null', PIP_FIND_LINKS: '' };
  const resumed = await provisionTensorflow({ environment: offline, log: (line) => lines.push(line) });
  expect(resumed).toMatchObject({ status: 'ready', reused: false, tensorflowVersion: '2.21.0' });
  expect(lines[0]).toBe('going on with a set-up that was interrupted');
  expect(readdirSync(tensorflowCache(cache)).sort()).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/), 'venv-2.21.0']);

  const repeated = await provisionTensorflow({ environment });
  expect(repeated).toMatchObject({ status: 'ready', reused: true });
  expect(repeated.seconds).toBeLessThan(2);

  // A damaged environment is told from a good one, and set up anew on request.
  rmSync(privateEnvironmentFolder(cache), { recursive: true });
  expect(findCompiledBinding(cache, environment)).toMatchObject({ reason: 'its native library is not set up' });
});
