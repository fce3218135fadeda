import { CorruptFileError } from '@leantune/core';
import { z } from 'zod';
import * as messages from '../messages.js';
import { namedSpecialTokens } from './specialTokens.js';

/**
 * The tokenizer.json that BERT's `vocab.txt` (one token a line, its id the number of the line) stands for, as Python's
 * BertTokenizerFast builds it. `tokenizerConfig` is the content of tokenizer_config.json, where there is one.
 * @throws CorruptFileError where `[UNK]`, `[CLS]`, `[SEP]` or `[PAD]` is no line of the file.
 */
export function wordPieceJson(vocabulary: string, file: string, tokenizerConfig?: unknown): unknown {
  const lines = vocabulary.split('\n').map((line) => line.replace(/\r$/, ''));
  if (lines.at(-1) === '') lines.pop();
  const vocab = Object.fromEntries(lines.map((token, id) => [token, id]));
  const config = (tokenizerConfig ?? {}) as Record<string, unknown>;
  const named = namedSpecialTokens(config);
  const special = {
    unk: named.unk_token ?? '[UNK]',
    cls: named.cls_token ?? '[CLS]',
    sep: named.sep_token ?? '[SEP]',
    pad: named.pad_token ?? '[PAD]',
    mask: named.mask_token ?? '[MASK]',
  };
  for (const token of [special.unk, special.cls, special.sep, special.pad]) {
    if (!Object.hasOwn(vocab, token)) throw absent(file, token);
  }
  const lowercase = config['do_lower_case'] !== false;
  return {
    model: {
      type: 'WordPiece',
      vocab,
      unk_token: special.unk,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
    },
    added_tokens: addedTokens(Object.values(special), vocab),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: config['tokenize_chinese_chars'] !== false,
      strip_accents: typeof config['strip_accents'] === 'boolean' ? config['strip_accents'] : null,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'BertProcessing',
      cls: [special.cls, vocab[special.cls]],
      sep: [special.sep, vocab[special.sep]],
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  };
}

/** Special tokens of a family that its tokenizer_config.json does not name. */
interface FamilyTokens {
  readonly bos: string;
  readonly eos: string;
  readonly others: readonly string[];
}

const roberta: FamilyTokens = { bos: '<s>', eos: '</s>', others: ['<unk>', '<pad>', '<mask>'] };
const gpt2: FamilyTokens = { bos: '<|endoftext|>', eos: '<|endoftext|>', others: [] };

/** Qwen2's split into words (`Qwen2Converter` of transformers). */
const qwen2Words =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/**
 * The tokenizer.json that `vocab.json` and `merges.txt` (byte-level BPE) stand for, by the `tokenizer_class` of
 * `tokenizerConfig`: RoBERTa and BART frame their texts, `<s> A </s></s> B </s>`; GPT-2 adds nothing, or with
 * `add_bos_token` (OPT) puts `</s>` in front: `</s> A B`, as the fast tokenizer has it; Qwen2 splits words its own way.
 * @throws CorruptFileError where the vocabulary is no list of ids, or lacks a token that frames texts.
 */
export function byteLevelBpeJson(
  vocabulary: unknown,
  merges: string,
  file: string,
  tokenizerConfig?: unknown,
): unknown {
  const parsed = z.record(z.string(), z.number()).safeParse(vocabulary);
  if (!parsed.success) throw wrong(file, messages.vocabularyWrong());
  const vocab = parsed.data;
  const config = (tokenizerConfig ?? {}) as Record<string, unknown>;
  const family = typeof config['tokenizer_class'] === 'string' ? config['tokenizer_class'] : '';
  const isFramed = /^(Roberta|Bart)/.test(family);
  const isQwen2 = family.startsWith('Qwen2');
  const usual = isFramed ? roberta : gpt2;
  const named = namedSpecialTokens(config);
  const bos = named.bos_token ?? usual.bos;
  const eos = named.eos_token ?? usual.eos;
  const addsBos = !isFramed && config['add_bos_token'] === true;
  for (const token of isFramed ? [bos, eos] : addsBos ? [bos] : []) {
    if (!Object.hasOwn(vocab, token)) throw absent(file, token);
  }
  const byteLevel = { type: 'ByteLevel', add_prefix_space: config['add_prefix_space'] === true, trim_offsets: true };
  const split = { type: 'Split', pattern: { Regex: qwen2Words }, behavior: 'Isolated', invert: false };
  return {
    model: {
      type: 'BPE',
      vocab,
      merges: merges.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version')),
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
    },
    added_tokens: addedTokens([bos, eos, ...usual.others, ...Object.values(named)], vocab).map((token) =>
      // RoBERTa's mask takes the space before it.
      isFramed && token.content === (named.mask_token ?? '<mask>') ? { ...token, lstrip: true } : token,
    ),
    normalizer: isQwen2 ? { type: 'NFC' } : null,
    pre_tokenizer: isQwen2
      ? { type: 'Sequence', pretokenizers: [split, { ...byteLevel, use_regex: false }] }
      : byteLevel,
    post_processor: isFramed
      ? { type: 'RobertaProcessing', cls: [bos, vocab[bos]], sep: [eos, vocab[eos]] }
      : addsBos
        ? bosInFront(bos, vocab[bos]!)
        : { type: 'ByteLevel' },
    decoder: { type: 'ByteLevel' },
  };
}

function bosInFront(bos: string, id: number): unknown {
  const start = { SpecialToken: { id: bos, type_id: 0 } };
  const textA = { Sequence: { id: 'A', type_id: 0 } };
  const textB = { Sequence: { id: 'B', type_id: 1 } };
  return {
    type: 'TemplateProcessing',
    single: [start, textA],
    pair: [start, textA, textB],
    special_tokens: { [bos]: { ids: [id] } },
  };
}

function addedTokens(contents: readonly string[], vocab: Readonly<Record<string, number>>) {
  return [...new Set(contents)]
    .filter((content) => Object.hasOwn(vocab, content))
    .map((content) => ({ id: vocab[content], content, special: true, normalized: false }));
}

function absent(file: string, token: string): CorruptFileError {
  return wrong(file, messages.tokenAbsent(token));
}

function wrong(file: string, reason: string): CorruptFileError {
  const message = messages.tokenizerFileWrong(file, reason);
  return new CorruptFileError(message, { code: 'LEANTUNE_TOKENIZER', file, remedy: messages.remedyDownloadAgain() });
}
