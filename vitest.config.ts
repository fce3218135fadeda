import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const conditions = ['leantune-source'];

// A device that is named for the tests is the one of every process that they start.
const device = /^torch:(.+)$/.exec(process.env.LEANTUNE_TEST_BACKEND ?? '')?.[1];

export default defineConfig({
  // Packages resolve to their sources, so that tests need no build; tfjs has one CommonJS copy for everybody.
  resolve: { conditions, mainFields: ['main'] },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts'],
    exclude: ['**/*.long.test.ts', '**/node_modules/**'],
    pool: 'forks',
    maxWorkers: '100%',
    // What core's suites load before they ask which backends there are: core names no package above it.
    env: {
      LEANTUNE_TEST_BACKENDS: fileURLToPath(new URL('packages/torch/src/testing/register.ts', import.meta.url)),
      ...(device === undefined ? {} : { LEANTUNE_TORCH_DEVICE: device }),
    },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
