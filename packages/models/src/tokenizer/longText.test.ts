import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { tokenizerFromJson } from './fromJson.js';
import { wordPieceJson } from './fromVocabulary.js';
import type { Tokenizer } from './tokenizer.js';

const ofFixture = (name: string): Tokenizer => {
  const path = resolve(import.meta.dirname, 'fixtures', `${name}.json`);
  const { tokenizer, tokenizerConfig } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  return tokenizerFromJson(tokenizer, name, { tokenizerConfig });
};
const wordPiece = tokenizerFromJson(wordPieceJson('[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n##a', 'vocab.txt'), 'vocab.txt');

// Time must not grow with the square of the length: at this length that would be minutes.
it.each([
  ['llama-2, which has no words', ofFixture('llama-2')],
  ['llama-3', ofFixture('llama-3')],
  ['WordPiece', wordPiece],
])('%s encodes 120 KB of one word, of spaces, of one sign and of ideographs within seconds', (_, tokenizer) => {
  const length = 120_000;
  const start = performance.now();
  for (const text of [
    'ab'.repeat(length / 2),
    ' '.repeat(length),
    `${' '.repeat(length)}a`,
    '!'.repeat(length),
    '猫'.repeat(length / 4),
  ]) {
    expect(tokenizer.encode(text, undefined, { maxLength: 512 }).inputIds.length).toBeLessThanOrEqual(512);
  }
  expect(performance.now() - start).toBeLessThan(30_000);
});
