import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'leantune-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A virtual environment with the files that mark a TensorFlow package, all empty. Answers the package's folder. */
export function fakeTensorflow(environmentFolder: string, version = '2.21.0'): string {
  const site = join(environmentFolder, 'lib', 'python3.11', 'site-packages');
  const folder = join(site, 'tensorflow');
  mkdirSync(join(folder, 'include', 'tensorflow', 'c'), { recursive: true });
  mkdirSync(join(site, `tensorflow_cpu-${version}.dist-info`));
  for (const file of ['include/tensorflow/c/c_api.h', 'libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']) {
    writeFileSync(join(folder, file), '');
  }
  writeFileSync(join(folder, '__init__.py'), 'raise SystemExit("imported")');
  return folder;
}
