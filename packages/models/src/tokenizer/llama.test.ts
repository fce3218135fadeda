import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tokenizerFromJson } from './fromJson.js';

/** What fixtures/make.py wrote with Python's tokenizers 0.22.2 and transformers 4.57.6. */
interface Fixture {
  readonly tokenizer: Record<string, unknown>;
  readonly tokenizerConfig: Record<string, unknown>;
  readonly vectors: readonly {
    readonly first: string;
    readonly second: string;
    readonly ids: number[];
    readonly decoded: string;
    readonly pairIds: number[];
    readonly pairTypes: number[];
  }[];
}

const read = (name: string) =>
  JSON.parse(readFileSync(resolve(import.meta.dirname, 'fixtures', `${name}.json`), 'utf8')) as Fixture;

describe('tokenizers of the Llama kind', () => {
  it.each([
    ['llama-2', 1, 2],
    ['llama-2-first', 1, 2],
    ['llama-3', 480, 481],
  ])('%s encodes and decodes as Python does', (name, bos, eos) => {
    const { tokenizer: json, tokenizerConfig, vectors } = read(name);
    const tokenizer = tokenizerFromJson(json, name, { tokenizerConfig });
    expect(vectors.length).toBe(60);
    for (const { first, second, ids, decoded, pairIds, pairTypes } of vectors) {
      expect(tokenizer.encode(first).inputIds, JSON.stringify(first)).toEqual(ids);
      expect(tokenizer.decode(ids, { skipSpecialTokens: true }), JSON.stringify(first)).toBe(decoded);
      const pair = tokenizer.encode(first, second);
      expect([pair.inputIds, pair.tokenTypeIds]).toEqual([pairIds, pairTypes]);
    }
    // Neither names a padding token: the one that ends a text fills.
    expect([tokenizer.bosTokenId, tokenizer.eosTokenId, tokenizer.padTokenId]).toEqual([bos, eos, eos]);
  });

  it('follows add_bos_token and add_eos_token, and a padding token that is named', () => {
    const { tokenizer: json, tokenizerConfig } = read('llama-2');
    const encode = (settings: object) => {
      const config = { ...tokenizerConfig, ...settings };
      return tokenizerFromJson(json, 'llama-2', { tokenizerConfig: config }).encode('a', 'a').inputIds;
    };
    const a = tokenizerFromJson(json, 'llama-2').encode('a', undefined, { addSpecialTokens: false }).inputIds;
    expect(encode({})).toEqual([1, ...a, 2, 1, ...a, 2]);
    expect(encode({ add_eos_token: false })).toEqual([1, ...a, 1, ...a]);
    expect(encode({ add_bos_token: false, add_eos_token: false })).toEqual([...a, ...a]);
    const padded = { ...tokenizerConfig, pad_token: '<unk>' };
    expect(tokenizerFromJson(json, 'llama-2', { tokenizerConfig: padded }).padTokenId).toBe(0);
    expect(() => encode({ bos_token: '<begin>' })).toThrow('the token <begin> is not in the vocabulary');
  });

  it('takes half a surrogate pair for U+FFFD', () => {
    const { tokenizer: json, tokenizerConfig } = read('llama-3');
    const tokenizer = tokenizerFromJson(json, 'llama-3', { tokenizerConfig });
    expect(tokenizer.encode('a\ud83d b\ude00').inputIds).toEqual(tokenizer.encode('a\ufffd b\ufffd').inputIds);
    expect(tokenizer.decode(tokenizer.encode('\ud83d').inputIds, { skipSpecialTokens: true })).toBe('\ufffd');
  });
});
