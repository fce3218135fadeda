import base from '../vitest.config.ts';
import { root } from './lib/command.mjs';

/** The long tier: soak, fault and fuzz tests, and whatever loads much or takes minutes. */
export default {
  ...base,
  root,
  test: {
    ...base.test,
    include: ['packages/*/src/**/*.long.test.ts'],
    exclude: ['**/node_modules/**'],
    env: { ...base.test.env, LEANTUNE_TEST_TIER: 'long' },
    testTimeout: 600_000,
  },
};
