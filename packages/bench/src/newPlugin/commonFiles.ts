/** What the folder of every new plugin has: its manifest, and how it is compiled and tested. */
import type { PluginPart } from '../messages/plugins.js';

export interface PluginNames {
  /** `my-method` */
  readonly name: string;
  /** `myMethod` */
  readonly identifier: string;
  /** Version of leantune that it is written for. */
  readonly version: string;
  readonly vitest: string;
  readonly zod: string;
}

/** What their modules import. */
const imported = {
  method: ['@leantune/core', '@leantune/methods', '@leantune/models'],
  task: ['@leantune/tasks'],
} satisfies Record<PluginPart, readonly string[]>;

export function commonFiles(part: PluginPart, names: PluginNames): Readonly<Record<string, string>> {
  return {
    'package.json': manifest(part, names),
    'vitest.config.ts': vitestConfig,
    'tsconfig.json': tsconfig,
    '.gitignore': 'node_modules\nruns\n',
  };
}

function manifest(part: PluginPart, { name, version, vitest, zod }: PluginNames): string {
  const range = `^${version}`;
  const leantune = Object.fromEntries(imported[part].map((each) => [each, range]));
  const content = {
    name,
    version: '0.1.0',
    description: `A ${part} for leantune.`,
    keywords: [`leantune-${part}`],
    type: 'module',
    exports: `./${name}.ts`,
    scripts: { test: 'vitest run' },
    peerDependencies: { ...leantune, zod },
    devDependencies: { vitest },
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

const vitestConfig = `export default {
  test: {
    // leantune runs as it is installed: one copy for the plugin and its tests.
    server: { deps: { external: [/[\\\\/](@leantune|packages)[\\\\/](core|models|methods|tasks)[\\\\/]/] } },
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
};
`;

const tsconfig = `${JSON.stringify(
  {
    compilerOptions: {
      target: 'ES2023',
      module: 'NodeNext',
      moduleResolution: 'NodeNext',
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      verbatimModuleSyntax: true,
    },
    include: ['*.ts'],
  },
  null,
  2,
)}\n`;
