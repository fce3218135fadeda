import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Imports point one way: bench → methods, tasks → models → core, and bench → torch → core (see ARCHITECTURE.md). */
const mayImport = {
  core: [],
  torch: ['core'],
  models: ['core'],
  methods: ['models', 'core'],
  tasks: ['models', 'core'],
  bench: ['methods', 'tasks', 'models', 'torch', 'core'],
};

const packageNames = Object.keys(mayImport);

/** `core`, `models` and `methods` run in a browser too: `node:` only below a folder named `node`. */
const isomorphic = new Set(['core', 'models', 'methods']);

const directionRules = packageNames.map((name) => {
  const forbidden = packageNames.filter((other) => other !== name && !mayImport[name].includes(other));
  const patterns = forbidden.map((other) => ({
    group: [`@leantune/${other}`, `@leantune/${other}/*`],
    message: `packages/${name} may import only: ${mayImport[name].join(', ') || 'nothing of ours'}.`,
  }));
  if (isomorphic.has(name)) {
    patterns.push({ group: ['node:*'], message: `packages/${name} is isomorphic: node: only in src/node/.` });
  }
  return {
    files: [`packages/${name}/src/**/*.ts`],
    ignores: isomorphic.has(name) ? [`packages/${name}/src/node/**`, '**/*.test.ts', '**/testing/**'] : [],
    rules: { 'no-restricted-imports': ['error', { patterns }] },
  };
});

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', 'results/**', 'runs/**', '.leantune/**'] },
  js.configs.recommended,
  {
    files: ['packages/*/src/**/*.ts', 'vitest.config.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['vitest.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      eqeqeq: ['error', 'always'],
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
  ...directionRules,
);
