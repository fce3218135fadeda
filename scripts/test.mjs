// npm test: sets the clone up, then lint, format, dead code, types and the tests; `--long` runs the long tests only.
// Ends with one line `N passed, N failed, N skipped`; a failed check counts as one failed test.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './lib/command.mjs';
import { PhaseFailure, check, phase, runScript } from './lib/phases.mjs';
import { build, installPackages, provisionBackend, provisionTorchBackend } from './lib/setUp.mjs';

const long = process.argv.includes('--long');
const tool = (file, ...toolArguments) => run(process.execPath, [join('node_modules', file), ...toolArguments]);

/** Name and command of each check besides the tests. */
const checks = [
  ['lint', () => tool('eslint/bin/eslint.js', '.', '--max-warnings', '0')],
  ['format', () => tool('prettier/bin/prettier.cjs', '--check', '.')],
  ['dead code', () => tool('knip/bin/knip.js')],
];

await runScript(async () => {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  /** Runs a step; answers whether it succeeded. A failure counts, a success only where it is a check. */
  const step = async (name, work, { isCheck, talking = false }) => {
    try {
      await phase(name, work, { talking });
      if (isCheck) counts.passed += 1;
      return true;
    } catch (error) {
      if (!(error instanceof PhaseFailure)) throw error;
      counts.failed += 1;
      return false;
    }
  };

  if (await step('packages', installPackages, { isCheck: false })) {
    await step('types and build', build, { isCheck: !long });
    // Compilers and checks side by side: each alone leaves a core idle for part of its time.
    const backends = async () => {
      await step('native backend', provisionBackend, { isCheck: false, talking: true });
      await step('torch backend', provisionTorchBackend, { isCheck: false, talking: true });
    };
    const inParallel = (long ? [] : checks).map(([name, command]) =>
      step(name, async () => check(await command()), { isCheck: true }),
    );
    await Promise.all([backends(), ...inParallel]);
    await runTests(counts);
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return counts.failed === 0 ? 0 : 1;
});

/** Runs vitest and adds its numbers to `counts`. A run that breaks off without a failed test counts as one. */
async function runTests(counts) {
  const folder = mkdtempSync(join(tmpdir(), 'leantune-test-'));
  const report = join(folder, 'report.json');
  const configuration = long ? ['--config', 'scripts/vitest.long.config.mjs', '--passWithNoTests'] : [];
  try {
    const { code } = await run(
      process.execPath,
      [
        'node_modules/vitest/vitest.mjs',
        'run',
        ...configuration,
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
      ],
      { show: true },
    );
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites } = readReport(report);
    counts.passed += numPassedTests;
    counts.failed += numFailedTests;
    counts.skipped += numPendingTests + numTodoTests;
    if (code !== 0 && numFailedTests === 0) counts.failed += Math.max(1, numFailedTestSuites);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** vitest's report; zeros where it ended before it wrote one. */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, numFailedTestSuites: 0 };
  }
}
