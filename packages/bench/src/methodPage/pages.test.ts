import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { methodPages, pagesFolder } from './pages.js';

/** One training step of every method on shapes: made once for both tests. */
let pages: ReadonlyMap<string, string>;
beforeAll(async () => {
  pages = await methodPages();
}, 240_000);

it('the committed pages are what the methods say: else run `npm run docs`', () => {
  for (const [file, content] of pages) {
    expect(existsSync(file) ? readFileSync(file, 'utf8') : 'absent', basename(file)).toBe(content);
  }
  expect(
    readdirSync(pagesFolder())
      .map((file) => join(pagesFolder(), file))
      .sort(),
  ).toEqual([...pages.keys()].sort());
});

it('figures are those of the memory command, and LoRA trains what it says', () => {
  const lora = pages.get(join(pagesFolder(), 'lora.md'))!;
  // 12 layers, query and value: 8 · (768 + 768) each; the head 768 · 2 + 2.
  expect(lora).toContain(`| lora | \`lean\` | ${12 * 2 * 8 * (768 + 768) + 768 * 2 + 2} |`);
  expect(lora).toContain('| `bert.encoder.layer.*.attention.self.query.lora_A.weight` | 8 × 768 | 12 |');
  expect(lora).toContain('| `rank` | integer, ≥ 1 | `8` | rank of the update |');
});
