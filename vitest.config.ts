import { defineConfig } from 'vitest/config';

const conditions = ['leantune-source'];

export default defineConfig({
  // Packages resolve to their sources, so that tests need no build; tfjs has one CommonJS copy for everybody.
  resolve: { conditions, mainFields: ['main'] },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts'],
    exclude: ['**/*.long.test.ts', '**/node_modules/**'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
