import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { codeFingerprint, withoutComments } from './fingerprint.js';

function packages(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'leantune-code-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}

it('changes with code that computes and with nothing else', () => {
  const files = { 'core/dist/a.js': 'export const a = 1;\n', 'bench/dist/cell/child.js': 'run();\n' };
  const original = codeFingerprint([], packages(files));
  expect(codeFingerprint([], packages(files))).toBe(original);
  expect(codeFingerprint([], packages({ ...files, 'core/dist/a.js': 'export const a = 2;\n' }))).not.toBe(original);
  expect(codeFingerprint([], packages({ ...files, 'methods/dist/b.js': 'export {};\n' }))).not.toBe(original);
  for (const other of ['core/dist/a.test.js', 'core/dist/testing/c.js', 'bench/dist/plot/d.js', 'core/dist/a.d.ts']) {
    expect(codeFingerprint([], packages({ ...files, [other]: 'export {};\n' }))).toBe(original);
  }
  expect(codeFingerprint([], packages({ ...files, 'core/dist/a.js': '// new\nexport const a = 1;\n' }))).toBe(original);
});

it("covers a backend's own package, native sources too, where that backend computes", () => {
  const files = {
    'core/dist/a.js': 'export const a = 1;\n',
    'torch/dist/b.js': 'export const b = 1;\n',
    'torch/native/sum.cc': '// sums up\nint sum();\n',
    'torch/native/prove.mjs': 'prove();\n',
  };
  const root = packages(files);
  const of = (changed: Partial<typeof files>, backend: string) =>
    codeFingerprint([backend], packages({ ...files, ...changed }));
  const torch = codeFingerprint(['torch'], root);
  expect(torch).not.toBe(codeFingerprint(['tensorflow'], root));
  expect(codeFingerprint(['torch:cuda:0'], root)).toBe(torch);
  for (const changed of [{ 'torch/dist/b.js': 'export const b = 2;\n' }, { 'torch/native/sum.cc': 'long sum();\n' }]) {
    expect(of(changed, 'torch')).not.toBe(torch);
    expect(of(changed, 'tensorflow')).toBe(codeFingerprint(['tensorflow'], root));
  }
  expect(of({ 'torch/native/sum.cc': '// adds up\nint sum();\n', 'torch/native/prove.mjs': '' }, 'torch')).toBe(torch);
});

it('drops whole-line comments only', () => {
  const script = '/** doc\n * more */\nconst a = 1; // why\n// gone\n/* gone too */\nconst b = 2;\n';
  expect(withoutComments(script)).toBe('const a = 1; // why\nconst b = 2;');
});
