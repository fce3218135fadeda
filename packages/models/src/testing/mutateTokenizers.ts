import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { LeantuneError, RandomStream } from '@leantune/core';
import { loadTokenizer } from '../node/loadTokenizer.js';

interface LlamaFixture {
  readonly tokenizer: {
    readonly model: { readonly vocab: Record<string, number>; readonly merges: [string, string][] };
  };
  readonly tokenizerConfig: unknown;
}

const fixture = (name: string): LlamaFixture =>
  JSON.parse(readFileSync(resolve(import.meta.dirname, `../tokenizer/fixtures/${name}.json`), 'utf8')) as LlamaFixture;

const wordPieces = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'the', 'model', '##s', 'a', '##b', '!', '猫'];

/** Good folders of every kind, by file name. */
function goodFolders(): readonly Readonly<Record<string, string>>[] {
  const llama2 = fixture('llama-2');
  const llama3 = fixture('llama-3');
  const bytes = llama3.tokenizer.model;
  const vocabulary = { ...bytes.vocab, '<s>': 900, '</s>': 901, '<mask>': 902 };
  const merges = ['#version: 0.2', ...bytes.merges.map((merge) => merge.join(' '))].join('\n');
  return [
    {
      'tokenizer.json': JSON.stringify(llama2.tokenizer),
      'tokenizer_config.json': JSON.stringify(llama2.tokenizerConfig),
    },
    {
      'tokenizer.json': JSON.stringify(llama3.tokenizer),
      'tokenizer_config.json': JSON.stringify(llama3.tokenizerConfig),
    },
    { 'vocab.txt': wordPieces.join('\n'), 'tokenizer_config.json': '{"do_lower_case":true,"pad_token":"[PAD]"}' },
    {
      'vocab.json': JSON.stringify(vocabulary),
      'merges.txt': merges,
      'tokenizer_config.json': '{"tokenizer_class":"RobertaTokenizer","add_prefix_space":false}',
    },
  ];
}

const texts = [
  'The model’s "tokens", 12345\n\n  don\'t 猫 e\u0301 😀 <s> \u0000\ud800',
  'x'.repeat(400),
  ' '.repeat(400),
  '',
];

/** What stands where something else stood in a damaged file. */
const strange: readonly unknown[] = [
  null, true, -1, 0, 0.5, 1e9, 1e300, '', 'a', '(', '[a', '(a|a)*', '\u0000', '__proto__', 'BPE', 'Sequence', 'ByteLevel',
  'Metaspace', 'Split', 'Strip', 'Replace', [], {}, [[]], { type: 'Sequence' }, { String: '' }, { Regex: '\\' }, { Regex: '' },
]; // prettier-ignore

export interface TokenizerOutcomes {
  readonly opened: number;
  readonly refused: number;
  /** Longest time for one folder: load, encode, decode. */
  readonly slowestMs: number;
}

/**
 * Loads `count` damaged copies of good tokenizer folders (bytes flipped, cut, spliced; nodes of the JSON replaced, removed,
 * moved; always the same ones) and uses those that load. Any error but ours is thrown on.
 */
export async function mutatedTokenizerOutcomes(count: number): Promise<TokenizerOutcomes> {
  const outcomes = { opened: 0, refused: 0, slowestMs: 0 };
  const good = goodFolders();
  for (let i = 0; i < count; i++) {
    const random = new RandomStream(13, 'mutate tokenizer', i);
    const folder = mkdtempSync(join(tmpdir(), 'leantune-mutated-'));
    const files = good[i % good.length]!;
    const damaged = Object.keys(files)[random.integer(Object.keys(files).length)]!;
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(folder, name), name === damaged ? mutate(content, random) : content);
    }
    const start = performance.now();
    try {
      const tokenizer = await loadTokenizer(folder);
      for (const text of texts) {
        const { inputIds } = tokenizer.encode(text, 'second', { maxLength: 600 });
        if (!inputIds.every((id) => Number.isInteger(id) && id >= 0)) throw new Error(`ids ${inputIds.join()}`);
        tokenizer.decode(inputIds);
      }
      outcomes.opened += 1;
    } catch (error) {
      if (!(error instanceof LeantuneError)) throw new Error(`mutation ${i} of ${damaged}`, { cause: error });
      outcomes.refused += 1;
    }
    outcomes.slowestMs = Math.max(outcomes.slowestMs, performance.now() - start);
    rmSync(folder, { recursive: true });
  }
  return outcomes;
}

function mutate(content: string, random: RandomStream): Buffer {
  if (content.startsWith('{') && random.integer(3) > 0) {
    const json = JSON.parse(content) as unknown;
    for (let edits = 1 + random.integer(2); edits > 0; edits--) mutateNode(json, random);
    return Buffer.from(JSON.stringify(json));
  }
  const bytes = Buffer.from(content);
  for (let edits = 1 + random.integer(4); edits > 0; edits--) {
    const at = random.integer(bytes.length);
    switch (random.integer(4)) {
      case 0:
        bytes[at]! ^= 1 << random.integer(8);
        break;
      case 1:
        return bytes.subarray(0, at);
      case 2:
        bytes.copyWithin(at, random.integer(bytes.length), bytes.length);
        break;
      default:
        bytes.write(JSON.stringify(strange[random.integer(strange.length)]), at);
    }
  }
  return bytes;
}

/** Walks down from the root, rarely into long lists, and replaces, removes or moves what it comes to. */
function mutateNode(root: unknown, random: RandomStream): void {
  let node = root as Record<string, unknown>;
  for (;;) {
    const keys = Object.keys(node);
    const key = keys[random.integer(keys.length)];
    if (key === undefined) return;
    const child = node[key];
    if (typeof child === 'object' && child !== null && random.integer(5) > 0) {
      node = child as Record<string, unknown>;
      continue;
    }
    const choice = random.integer(6);
    if (choice === 0) delete node[key];
    else if (choice === 1) node[key] = node[keys[random.integer(keys.length)]!];
    else node[key] = strange[random.integer(strange.length)];
    return;
  }
}
