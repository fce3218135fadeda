/** The committed pages of all methods: `docs/methods`. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { methodNames } from '@leantune/methods';
import { methodFacts, type MethodFacts } from './facts.js';
import { methodPage } from './page.js';

export const pagesFolder = () => fileURLToPath(new URL('../../../../docs/methods/', import.meta.url));

/** Every file of the folder with its content. */
export async function methodPages(): Promise<ReadonlyMap<string, string>> {
  const all: MethodFacts[] = [];
  for (const name of methodNames()) all.push(await methodFacts(name));
  const pages = new Map(all.map((facts) => [join(pagesFolder(), `${facts.name}.md`), methodPage(facts)]));
  return pages.set(join(pagesFolder(), 'README.md'), index(all));
}

function index(all: readonly MethodFacts[]): string {
  const lines = all.map(({ name, slots, summary }) => `| [${name}](${name}.md) | ${slots.join(', ')} | ${summary} |`);
  return [
    '<!-- Generated from the methods by `npm run docs`. -->',
    '',
    '# Methods',
    '',
    'Methods with different slots compose: `lora(rank=8)+tokentune(tokens=16)`. One of your own: [add a method](../add-a-method.md).',
    '',
    '| method | slots | |',
    '| --- | --- | --- |',
    ...lines,
    '',
  ].join('\n');
}
