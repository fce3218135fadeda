import { CorruptFileError } from '@leantune/core';
import * as messages from '../messages.js';
import { namedSpecialTokens } from './specialTokens.js';

/**
 * The tokenizer.json that BERT's `vocab.txt` (one token a line, its id the number of the line) stands for, as Python's
 * BertTokenizerFast builds it. `tokenizerConfig` is the content of tokenizer_config.json, where there is one.
 * @throws CorruptFileError where `[UNK]`, `[CLS]` or `[SEP]` is no line of the file.
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
    if (!Object.hasOwn(vocab, token)) {
      const message = messages.tokenizerFileWrong(file, messages.tokenAbsent(token));
      throw new CorruptFileError(message, { code: 'LEANTUNE_TOKENIZER', file, remedy: messages.remedyDownloadAgain() });
    }
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

/**
 * The tokenizer.json that `vocab.json` and `merges.txt` (GPT-2's byte-level BPE) stand for. RoBERTa and BART frame their
 * texts; OPT (`add_bos_token`) puts `</s>` in front: `</s> A B`, as the fast tokenizer has it.
 */
export function byteLevelBpeJson(
  vocab: Readonly<Record<string, number>>,
  merges: string,
  tokenizerConfig?: unknown,
): unknown {
  const config = (tokenizerConfig ?? {}) as Record<string, unknown>;
  const framed = typeof config['tokenizer_class'] === 'string' && /^(Roberta|Bart)/.test(config['tokenizer_class']);
  const usual = framed ? { bos: '<s>', eos: '</s>' } : { bos: '<|endoftext|>', eos: '<|endoftext|>' };
  const named = namedSpecialTokens(config);
  const bos = named.bos_token ?? usual.bos;
  const eos = named.eos_token ?? usual.eos;
  const start = { SpecialToken: { id: bos, type_id: 0 } };
  const textA = { Sequence: { id: 'A', type_id: 0 } };
  const textB = { Sequence: { id: 'B', type_id: 1 } };
  const addBos = {
    type: 'TemplateProcessing',
    single: [start, textA],
    pair: [start, textA, textB],
    special_tokens: { [bos]: { ids: [vocab[bos]] } },
  };
  const frame = { type: 'RobertaProcessing', cls: [bos, vocab[bos]], sep: [eos, vocab[eos]] };
  return {
    model: {
      type: 'BPE',
      vocab,
      merges: merges.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version')),
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
    },
    added_tokens: addedTokens([bos, eos, ...Object.values(named)], vocab),
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: config['add_prefix_space'] === true, trim_offsets: true },
    post_processor: framed ? frame : config['add_bos_token'] === true ? addBos : { type: 'ByteLevel' },
    decoder: { type: 'ByteLevel' },
  };
}

function addedTokens(contents: readonly string[], vocab: Readonly<Record<string, number>>): unknown[] {
  return [...new Set(contents)]
    .filter((content) => Object.hasOwn(vocab, content))
    .map((content) => ({ id: vocab[content], content, special: true, normalized: false }));
}
