import { expect, it } from 'vitest';
import { errorOf } from '../testing/errors.js';
import { tokenizerFromJson } from './fromJson.js';

const wordPiece = { type: 'WordPiece', unk_token: '[UNK]', vocab: { '[UNK]': 0 } };

it.each([
  [{ model: { type: 'Unigram', vocab: [['a', -1]] } }, 'Unigram is not supported (expected WordPiece or BPE)'],
  [{ model: { type: 'WordLevel', vocab: {} } }, 'WordLevel is not supported (expected WordPiece or BPE)'],
  [{ model: { type: 'BPE', vocab: [] } }, 'vocab: expected an object'],
  [{ model: { type: 'BPE', vocab: { a: 0 }, merges: 1 } }, 'merges: expected a list'],
  [{ model: { ...wordPiece, unk_token: 3 } }, 'unk_token: expected string, found number'],
  [{}, 'model: expected object, found undefined'],
  [3, 'expected object, found number'],
])('%j', async (json, reason) => {
  const { message } = await errorOf(() => tokenizerFromJson(json, 'tokenizer.json'));
  expect(message).toBe(`tokenizer.json: is no tokenizer that leantune reads: ${reason}`);
});

it.each([
  { normalizer: { type: 3 } },
  { pre_tokenizer: { type: 'Split', pattern: 3 } },
  { decoder: [] },
  { post_processor: { type: 'TemplateProcessing', single: [{ Other: {} }], pair: 1 } },
  { added_tokens: [{ id: 'a' }] },
])('%j: no symbols of the schema library', async (parts) => {
  const { message } = await errorOf(() => tokenizerFromJson({ model: wordPiece, ...parts }, 'tokenizer.json'));
  expect(message).not.toMatch(/[✖→\n]|Invalid input:|received/);
});
