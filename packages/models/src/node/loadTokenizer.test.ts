import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CorruptFileError, UsageError } from '@leantune/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf } from '../testing/errors.js';
import { sharedFile } from '../testing/shared.js';
import { padEncodings } from '../tokenizer/padding.js';
import type { Encoding, Tokenizer, Truncation } from '../tokenizer/tokenizer.js';
import { loadTokenizer } from './loadTokenizer.js';

/** goldens/tokenizers/NAME.json; `fields` of its `meta` explains the keys. */
interface Vectors {
  readonly meta: { readonly pad_token_id: number; readonly vocab_size: number };
  readonly singles: readonly {
    readonly i: number;
    readonly bare: number[];
    readonly full: number[];
    readonly max32: { readonly ids: number[]; readonly n: number };
    readonly decoded: string;
  }[];
  readonly pairs: readonly ({
    readonly i: number;
    readonly full: { readonly ids: number[]; readonly types: number[] };
  } & Record<
    Truncation,
    { readonly ids: number[]; readonly types: number[]; readonly n: number } | { readonly error: string }
  >)[];
}

const readShared = <T>(path: string): T => JSON.parse(readFileSync(sharedFile(path), 'utf8')) as T;
const present = existsSync(sharedFile('goldens/tokenizers/texts.json'));

/** [vectors, folder, padding token where the folder names none] */
const tokenizers: [string, string, string?][] = [
  ['bert-base-uncased', 'tokenizers/bert-base-uncased'],
  ['roberta', 'tokenizers/roberta'],
  ['gpt2', 'tokenizers/gpt2', '<|endoftext|>'],
  ['opt-125m', 'tokenizers/opt-125m'],
  ['tinystories-656k', 'models/TinyStories-656K/f32'],
];

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'leantune-tokenizer-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function padded(encoding: Encoding, padTokenId: number) {
  const out = padEncodings([encoding], { length: 32, padTokenId });
  const ones = [...out.attentionMask.data].filter((one) => one === 1).length;
  expect([...out.attentionMask.data]).toEqual(Array.from({ length: 32 }, (_, i) => (i < ones ? 1 : 0)));
  return { ids: [...out.inputIds.data], types: [...out.tokenTypeIds.data], n: ones };
}

function expectVectors(tokenizer: Tokenizer, name: string): void {
  const texts = readShared<{ singles: string[]; pairs: [string, string][] }>('goldens/tokenizers/texts.json');
  const vectors = readShared<Vectors>(`goldens/tokenizers/${name}.json`);
  const pad = vectors.meta.pad_token_id;
  expect([tokenizer.padTokenId, tokenizer.vocabularySize]).toEqual([pad, vectors.meta.vocab_size]);
  for (const { i, bare, full, max32, decoded } of vectors.singles) {
    const text = texts.singles[i]!;
    expect(tokenizer.encode(text, undefined, { addSpecialTokens: false }).inputIds, text).toEqual(bare);
    const whole = tokenizer.encode(text);
    expect(whole.inputIds, text).toEqual(full);
    expect(whole.tokenTypeIds).toEqual(full.map(() => 0));
    const cut = tokenizer.encode(text, undefined, { maxLength: 32 });
    expect(cut.inputIds, text).toEqual(max32.ids);
    expect(padded(cut, pad).n).toBe(max32.n);
    expect(tokenizer.decode(bare), text).toBe(decoded);
  }
  for (const vector of vectors.pairs) {
    const [first, second] = texts.pairs[vector.i]!;
    const whole = tokenizer.encode(first, second);
    expect({ ids: whole.inputIds, types: whole.tokenTypeIds }, first).toEqual(vector.full);
    for (const truncation of ['longest_first', 'only_first', 'only_second'] as const) {
      const cut = () => tokenizer.encode(first, second, { maxLength: 32, truncation });
      const expected = vector[truncation];
      if ('error' in expected) expect(cut, `${first} / ${truncation}`).toThrow(UsageError);
      else expect(padded(cut(), pad), `${first} / ${truncation}`).toEqual(expected);
    }
  }
  expect(vectors.singles.length + vectors.pairs.length).toBeGreaterThan(150);
}

describe.skipIf(!present)('vectors of the fast tokenizers (skipped without the shared goldens)', () => {
  it.each(tokenizers)('%s', async (name, path, padToken) => {
    expectVectors(await loadTokenizer(sharedFile(path), padToken === undefined ? {} : { padToken }), name);
  });

  it('bert-base-uncased from vocab.txt alone', async () => {
    copyFileSync(sharedFile('tokenizers/bert-base-uncased/vocab.txt'), join(folder, 'vocab.txt'));
    expectVectors(await loadTokenizer(folder), 'bert-base-uncased');
  });

  // The folders hold config.json, which names the family, and no tokenizer_config.json.
  it.each(['roberta', 'gpt2'])('%s from vocab.json and merges.txt alone', async (name) => {
    const place = mkdtempSync(join(folder, 'bpe-'));
    for (const file of ['vocab.json', 'merges.txt', 'config.json']) {
      copyFileSync(sharedFile(`tokenizers/${name}/${file}`), join(place, file));
    }
    expectVectors(await loadTokenizer(place), name);
  });

  it('gives the odd place of longest_first to the text that the Rust tokenizer gives it to', async () => {
    const tokenizer = await loadTokenizer(sharedFile('tokenizers/bert-base-uncased'));
    const texts = readShared<{ pairs: [string, string][] }>('goldens/tokenizers/texts.json');
    const { pairs } = readShared<{ pairs: { i: number; rust: number[] }[] }>(
      'goldens/tokenizers/bert-longest-first-python-vs-rust.json',
    );
    expect(pairs.length).toBeGreaterThan(5);
    for (const { i, rust } of pairs) {
      expect(tokenizer.encode(...texts.pairs[i]!, { maxLength: 32 }).inputIds).toEqual(rust);
    }
  });

  // tokenizers 0.22.2: Tokenizer.from_file(...).encode(text, add_special_tokens=False).ids
  const rust: [string, string, number[]][] = [
    [
      'bert-base-uncased',
      'ΑΣ ΟΔΟΣ \u{20000}\u{2b820}\u{85}x\u{feff}y',
      [1155, 29733, 1169, 29722, 29730, 29733, 100, 100],
    ],
    ['gpt2', 'a\u{feff}b \u{feff}\u{85}c  d', [64, 171, 119, 123, 65, 27332, 119, 123, 126, 227, 66, 220, 288]],
  ];
  it.each(rust)('%s treats sigma, ideographs and rare spaces as Rust does: %s', async (name, text, ids) => {
    const tokenizer = await loadTokenizer(sharedFile(`tokenizers/${name}`), {
      padToken: name === 'gpt2' ? '<|endoftext|>' : '[PAD]',
    });
    expect(tokenizer.encode(text, undefined, { addSpecialTokens: false }).inputIds).toEqual(ids);
  });

  it('encodes 3000 short sentences within seconds', async () => {
    const tokenizer = await loadTokenizer(sharedFile('tokenizers/bert-base-uncased'));
    const { singles } = readShared<{ singles: string[] }>('goldens/tokenizers/texts.json');
    const start = performance.now();
    for (let i = 0; i < 3000; i++) tokenizer.encode(singles[i % singles.length]!, undefined, { maxLength: 64 });
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('cuts to no less than the special tokens', async () => {
    const tokenizer = await loadTokenizer(sharedFile('tokenizers/bert-base-uncased'));
    expect(tokenizer.encode('some text', 'more', { maxLength: 3 }).inputIds).toEqual([101, 102, 102]);
    expect(() => tokenizer.encode('some text', 'more', { maxLength: 2 })).toThrow(
      'maxLength: expected at least 3 for the special tokens, found 2',
    );
    expect(tokenizer.decode([101, 2070, 3793, 102, 999_999], { skipSpecialTokens: true })).toBe('some text');
  });
});

describe('damaged tokenizer files', () => {
  const wrong: [string, unknown, string][] = [
    ['no model', {}, 'model'],
    [
      'an unknown model',
      { model: { type: 'Magic', vocab: {} }, added_tokens: [{ id: 0, content: '[PAD]' }] },
      'Magic is not supported',
    ],
    [
      'an id that is no number',
      { model: { type: 'WordPiece', vocab: { a: 'x' } } },
      'token "a": expected a whole number from 0 on as its id, found "x"',
    ],
    ['an absurd id', { model: { type: 'WordPiece', vocab: { a: 1e12 } } }, 'token "a": expected a whole number'],
    [
      'an unknown post-processor',
      { model: { type: 'WordPiece', vocab: { '[UNK]': 0 } }, post_processor: { type: 'Other' } },
      'post_processor: expected TemplateProcessing, BertProcessing, RobertaProcessing or ByteLevel, found "Other"',
    ],
    [
      'no padding token',
      { model: { type: 'WordPiece', vocab: { a: 0 }, unk_token: 'a' } },
      'it names no padding token',
    ],
  ];
  it.each(wrong)('%s', async (_, json, message) => {
    const place = mkdtempSync(join(folder, 'case-'));
    writeFileSync(join(place, 'tokenizer.json'), JSON.stringify(json));
    const error = await errorOf(() => loadTokenizer(place));
    expect(error).toBeInstanceOf(CorruptFileError);
    expect(error.message).toContain(`${join(place, 'tokenizer.json')}: is no tokenizer that leantune reads: `);
    expect(error.message).toMatch(new RegExp(message));
  });

  it('a vocabulary without its special tokens, and a folder without any', async () => {
    const place = mkdtempSync(join(folder, 'case-'));
    const absent = await errorOf(() => loadTokenizer(place));
    expect(absent.message).toBe(
      `${place}: expected tokenizer.json, vocab.txt, or vocab.json with merges.txt; found none of them`,
    );
    writeFileSync(join(place, 'tokenizer.model'), 'sentencepiece');
    expect((await errorOf(() => loadTokenizer(place))).remedy).toContain('AutoTokenizer.from_pretrained');
    writeFileSync(join(place, 'vocab.json'), '["a"]');
    writeFileSync(join(place, 'merges.txt'), '');
    expect((await errorOf(() => loadTokenizer(place))).message).toContain(
      'expected an object from tokens to their ids',
    );
    writeFileSync(join(place, 'vocab.txt'), '[PAD]\n[UNK]\n[CLS]\nhello\n');
    const error = await errorOf(() => loadTokenizer(place));
    expect(error.message).toBe(
      `${join(place, 'vocab.txt')}: is no tokenizer that leantune reads: the token [SEP] is not in the vocabulary`,
    );
  });
});
