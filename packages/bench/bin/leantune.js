#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/cli/main.js', import.meta.url);

if (existsSync(fileURLToPath(main))) {
  await import(main.href);
} else {
  console.error(
    'leantune is not built yet. Build it from the repository root with:\n\n  npx tsc -b\n\nor let `npm start` do it.',
  );
  process.exitCode = 3;
}
