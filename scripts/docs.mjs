// npm run docs: writes a page for every method from its declaration into docs/methods.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { phase, runScript } from './lib/phases.mjs';
import { build } from './lib/setUp.mjs';

await runScript(async () => {
  await phase('build', build);
  await phase('pages', async () => {
    const { methodPages, pagesFolder } = await import('../packages/bench/dist/methodPage/pages.js');
    const pages = await methodPages();
    mkdirSync(pagesFolder(), { recursive: true });
    for (const file of readdirSync(pagesFolder())) {
      if (!pages.has(join(pagesFolder(), basename(file)))) rmSync(join(pagesFolder(), file));
    }
    for (const [file, content] of pages) writeFileSync(file, content);
    return `${pages.size} files`;
  });
  return 0;
});
