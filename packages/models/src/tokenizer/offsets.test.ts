import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '@leantune/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { lackingInPython, runPython } from '../../../core/src/testing/python.js';
import { tokenizerFromJson } from './fromJson.js';
import { placeMerges, placeWordPieces } from './offsets.js';
import type { PlacedTokens } from './tokenizer.js';

interface Fixture {
  readonly tokenizer: Readonly<Record<string, unknown>>;
  readonly vectors: readonly { readonly first: string; readonly second: string }[];
}

const fixture = (name: string): Fixture =>
  JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', `${name}.json`), 'utf8')) as Fixture;

const normalizers = {
  NFC: { type: 'NFC' },
  NFKC: { type: 'NFKC' },
  'without accents': {
    type: 'Sequence',
    normalizers: [
      { type: 'Strip', strip_left: true, strip_right: true },
      { type: 'NFKD' },
      { type: 'StripAccents' },
      { type: 'Lowercase' },
      { type: 'Replace', pattern: { String: 'ss' }, content: 'ß' },
      { type: 'Prepend', prepend: '--' },
    ],
  },
};
const preTokenizers = {
  'signs and digits': {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Punctuation', behavior: 'Isolated' },
      { type: 'Digits', individual_digits: true },
      { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    ],
  },
};

const { tokenizer: llama3, vectors } = fixture('llama-3');
const trimmed = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true };
const cases: readonly (readonly [name: string, tokenizer: Readonly<Record<string, unknown>>])[] = [
  ...['llama-2', 'llama-2-first', 'llama-3'].map((name) => [name, fixture(name).tokenizer] as const),
  ...Object.entries(normalizers).map(([name, normalizer]) => [name, { ...llama3, normalizer }] as const),
  ...Object.entries(preTokenizers).map(([name, found]) => [name, { ...llama3, pre_tokenizer: found }] as const),
  ['trimmed', { ...llama3, pre_tokenizer: trimmed, post_processor: trimmed }],
];
const texts = vectors.flatMap(({ first, second }) => [first, `${second} Café 50th, Levi's e\u0301 ﬁn ½ 東京 😀`]);

const lacking = lackingInPython('tokenizers');

describe.skipIf(lacking !== undefined)(`offsets and those of Hugging Face${lacking ? ` (${lacking})` : ''}`, () => {
  let expected: readonly (readonly PlacedTokens[])[];
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'leantune-offsets-'));
    try {
      const file = join(folder, 'cases.json');
      writeFileSync(file, JSON.stringify(cases.map(([, tokenizer]) => ({ tokenizer, texts }))));
      expected = JSON.parse(
        await runPython([join(import.meta.dirname, 'offsetsReference.py'), file]),
      ) as typeof expected;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 180_000);

  it.each(cases.map(([name, tokenizer], index) => ({ name, tokenizer, index })))(
    'agree: $name',
    ({ name, tokenizer, index }) => {
      const ours = tokenizerFromJson(tokenizer, name);
      texts.forEach((text, row) => {
        const found = ours.encodeWithOffsets(text);
        expect(found.ids).toEqual(ours.encode(text, undefined, { addSpecialTokens: false }).inputIds);
        expect(found, text).toEqual(expected[index]![row]);
      });
    },
  );
});

describe('offsets', () => {
  it('are those of the whole word where it is unknown', () => {
    expect(placeWordPieces('q@z', ['[UNK]'], '[UNK]', '##')).toEqual([[0, 3]]);
    expect(placeWordPieces('ab', ['a', '##b'], '[UNK]', '##')).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  it('are found in a long text without words', () => {
    const tokenizer = tokenizerFromJson(fixture('llama-2').tokenizer, 'llama-2');
    const text = 'q\u0111'.repeat(60_000);
    const { ids, offsets } = tokenizer.encodeWithOffsets(text);
    expect(ids.length).toBeGreaterThan(150_000);
    expect(offsets.at(-1)).toEqual([text.length - 1, text.length]);
  });

  it('are refused where tokens do not spell the word', () => {
    const rules = { unknown: undefined, fuse: false, suffix: '', isKnown: () => true };
    expect(() => placeWordPieces('abc', ['a', '##b'], '[UNK]', '##')).toThrow(UsageError);
    expect(() => placeMerges('abc', ['a', 'x'], rules)).toThrow(/do not spell it/);
  });

  it('are refused where words of bytes are cut again', () => {
    const bytes = { type: 'ByteLevel', add_prefix_space: false, use_regex: false };
    const digits = { type: 'Digits', individual_digits: true };
    const found = { ...llama3, pre_tokenizer: { type: 'Sequence', pretokenizers: [bytes, digits] } };
    const tokenizer = tokenizerFromJson(found, 'cut');
    expect(tokenizer.encode('a1').inputIds.length).toBeGreaterThan(1);
    expect(() => tokenizer.encodeWithOffsets('a1')).toThrow(UsageError);
  });
});
