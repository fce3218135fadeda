import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fakeLibtorch, machineWith, temporaryFolder } from '../testing/machine.js';
import { provisionTorch } from './provisionTorch.js';
import { torchCache } from './store.js';

const isLinux = process.platform === 'linux';
const note = isLinux ? '' : ' [skipped: the addon is compiled on Linux only]';

/** What set-up says on a machine, and the lines it prints. */
async function provisionOn(environment: NodeJS.ProcessEnv) {
  const lines: string[] = [];
  const result = await provisionTorch({ environment, log: (line) => lines.push(line) });
  return { result, lines };
}

describe.skipIf(!isLinux)(`what is missing is named, with the way to get it${note}`, () => {
  it('no torch anywhere', async () => {
    const environment = machineWith({ python3: 'echo' });
    const { result, lines } = await provisionOn(environment);
    // A machine of Debian's may have libtorch-dev, which would be found in /usr.
    if (result.status === 'unavailable') {
      expect(result.reason).toMatch(/^no libtorch is found: python3 has no torch; python has no torch/);
      expect(result.remedy).toMatch(/pip install torch.*LEANTUNE_PYTHON.*apt install libtorch-dev/);
      expect(lines).toEqual([`torch: not set up: ${result.reason}\nTo get it: ${result.remedy}`]);
    }
  });

  it('a named Python without torch', async () => {
    const environment = { ...machineWith({ mine: 'echo' }), LEANTUNE_PYTHON: 'mine' };
    const { result } = await provisionOn(environment);
    if (result.status === 'unavailable') expect(result.reason).toMatch(/^no libtorch is found: mine has no torch/);
  });

  it('a named libtorch that is none', async () => {
    const place = temporaryFolder();
    const { result } = await provisionOn({ ...machineWith({}), LIBTORCH: place });
    expect(result).toMatchObject({
      status: 'unavailable',
      reason: `LIBTORCH: ${place} is neither a Python package folder of torch nor a libtorch (no include/ATen and lib/libtorch_cpu.so in it)`,
      remedy: expect.stringContaining('set LIBTORCH') as string,
    });
  });

  it('no compiler', async () => {
    const { result } = await provisionOn({ ...machineWith({}), LIBTORCH: fakeLibtorch('2.5.1') });
    expect(result).toMatchObject({
      reason: 'no C++ compiler: neither $CXX, g++ nor clang++ is there',
      remedy: 'install one (Debian, Ubuntu: apt install g++), then npx leantune setup torch',
    });
  });

  it('a compiler that fails leaves nothing behind but its message', async () => {
    const compiler =
      'if [ "$1" = --version ]; then echo g++ 12; else echo "fatal error: c10/util/Exception.h: No such file" >&2; exit 1; fi';
    const cache = temporaryFolder();
    const environment = {
      ...machineWith({ 'g++': compiler }),
      LIBTORCH: fakeLibtorch('2.5.1'),
      LEANTUNE_CACHE: cache,
    };
    const { result } = await provisionOn(environment);
    expect(result).toMatchObject({
      reason: 'g++ could not compile the addon: fatal error: c10/util/Exception.h: No such file',
      remedy: 'npx leantune setup torch --force starts afresh; npx leantune doctor shows what is there',
    });
    expect(readdirSync(torchCache(cache))).toEqual([]);
  });

  it('a backend that was demanded and cannot be had is an error', async () => {
    const environment = { ...machineWith({}), LIBTORCH: temporaryFolder() };
    await expect(provisionTorch({ environment, demanded: true })).rejects.toMatchObject({
      name: 'EnvironmentError',
      exitCode: 3,
    });
  });
});
