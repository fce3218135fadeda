import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './command.mjs';
import { check } from './phases.mjs';

const alreadyDone = 'already done';
const leantune = join('packages', 'bench', 'bin', 'leantune.js');

/** The command line of this clone. */
export function runLeantune(...leantuneArguments) {
  return run(process.execPath, [leantune, ...leantuneArguments], { show: true });
}

/** What pnpm installs; reused while neither the lockfile nor a manifest has changed. */
export async function installPackages() {
  const marker = join(root, 'node_modules', '.leantune-installed');
  const wanted = installKey();
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return alreadyDone;
  const { packageManager } = readJson('package.json');
  // With a terminal's settings pnpm would ask before it replaces a node_modules that is not its own.
  const environment = { CI: 'true', npm_config_loglevel: 'error' };
  check(await run('npx', ['--yes', packageManager, 'install', '--frozen-lockfile'], { environment }));
  writeFileSync(marker, wanted);
  return undefined;
}

/** Changes whenever the lockfile or a package's manifest does. */
function installKey() {
  const packages = readdirSync(join(root, 'packages')).map((name) => join('packages', name, 'package.json'));
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...packages.sort()];
  const hash = createHash('sha256').update(process.version);
  for (const file of files) if (existsSync(join(root, file))) hash.update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/** Compiles and so type-checks every package. */
export async function build() {
  const result = await run(process.execPath, ['node_modules/typescript/bin/tsc', '-b', '--verbose']);
  check({ ...result, output: withoutProgress(result.output) });
  return result.output.includes('Building project') ? undefined : alreadyDone;
}

/** Only the compiler's errors, without what `--verbose` says about its projects. */
function withoutProgress(output) {
  return output
    .split('\n')
    .filter((line) => !/^\[?\d+:\d+:\d+/.test(line) && !/^\s+\* packages\//.test(line) && line.trim() !== '')
    .join('\n');
}

/** The native backend; `leantune setup` itself says what it does, and goes on without where it cannot be had. */
export async function provisionBackend() {
  const backend = process.env.LEANTUNE_BACKEND;
  if (backend && backend !== 'tensorflow') {
    return `not needed for LEANTUNE_BACKEND=${backend}`;
  }
  const { code } = await runLeantune('setup');
  check({ code, output: '' });
  return undefined;
}

/** The torch backend, where a torch is there to compile against; without one its tests are skipped. */
export async function provisionTorchBackend() {
  const { provisionTorch } = await import('../../packages/torch/dist/index.js');
  const result = await provisionTorch({ log: (line) => console.log(line) });
  return result.status === 'ready' ? undefined : 'its tests are skipped';
}

function readJson(file) {
  return JSON.parse(readFileSync(join(root, file), 'utf8'));
}
