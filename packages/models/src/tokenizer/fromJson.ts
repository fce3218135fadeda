import { CorruptFileError, UsageError } from '@leantune/core';
import { z } from 'zod';
import * as messages from '../messages.js';
import { createSplitter } from './addedTokens.js';
import type { AlignedText } from './aligned.js';
import { createDecoder } from './decoder.js';
import { invalidParts } from './invalidPart.js';
import { llamaTemplate } from './llamaTemplate.js';
import { createModel } from './model.js';
import type { WordModel } from './model.js';
import { createNormalizer } from './normalizer.js';
import { placeWord, trimmingOf, trimOffset } from './offsets.js';
import type { Offset } from './offsets.js';
import { createPreTokenizer } from './preTokenizer.js';
import { collectAddedTokens, framingIds } from './specialTokens.js';
import type { TokenizerSettings } from './specialTokens.js';
import { parseTemplate } from './template.js';
import type { Template } from './template.js';
import type { EncodeOptions, Encoding, Tokenizer } from './tokenizer.js';
import { keptLengths } from './truncate.js';

const tokenizerFile = z.looseObject({ model: z.looseObject({}) });

/**
 * A tokenizer from the content of a tokenizer.json. The truncation and padding that such a file may carry are not used.
 * @throws CorruptFileError where the content is no tokenizer, or a kind that is not known.
 */
export function tokenizerFromJson(json: unknown, file: string, settings: TokenizerSettings = {}): Tokenizer {
  try {
    return build(json, settings);
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? invalidParts(cause) : (cause as Error).message;
    const message = messages.tokenizerFileWrong(file, reason);
    throw new CorruptFileError(message, {
      code: 'LEANTUNE_TOKENIZER',
      file,
      remedy: messages.remedyDownloadAgain(),
      cause,
    });
  }
}

function build(json: unknown, settings: TokenizerSettings): Tokenizer {
  const found = tokenizerFile.parse(json);
  const model = createModel(found.model);
  const added = collectAddedTokens(found['added_tokens'], settings, model.vocabulary);
  const ids = new Map([...model.vocabulary, ...added.map(({ content, id }) => [content, id] as const)]);
  const tokens = new Map([...ids].map(([token, id]) => [id, token]));
  const special = new Set(added.filter((token) => token.special).map(({ id }) => id));
  const isAdded = new Set(added.map(({ id }) => id));
  const idOf = (token: string) => ids.get(token);
  const template = llamaTemplate(settings, idOf) ?? parseTemplate(found['post_processor']);
  const decode = createDecoder(found['decoder']);
  const idsOf = createPipeline(found, settings, model, added);
  const trimming = trimmingOf(found['post_processor'], settings.tokenizerConfig);
  return {
    kind: model.type.toLowerCase(),
    ...framingIds(found, settings, added, idOf),
    vocabularySize: ids.size,
    encode: (text, pair, options = {}) =>
      assemble(template, idsOf(text), pair === undefined ? undefined : idsOf(pair), options),
    encodeWithOffsets: (text) => {
      const offsets: Offset[] = [];
      const placed = idsOf(text, offsets);
      if (trimming === undefined) return { ids: placed, offsets };
      // An added token has the white space that it took in its own spelling.
      const spelling = (id: number, [start, end]: Offset) =>
        isAdded.has(id) ? text.slice(start, end) : (tokens.get(id) ?? '');
      const trim = (offset: Offset, index: number) =>
        trimOffset(text, offset, spelling(placed[index]!, offset), index === 0, trimming);
      return { ids: placed, offsets: offsets.map(trim) };
    },
    decode: (given, options = {}) => {
      const kept = options.skipSpecialTokens === true ? given.filter((id) => !special.has(id)) : given;
      return decode(kept.map((id) => tokens.get(id)).filter((token) => token !== undefined)).join('');
    },
  };
}

/**
 * Text to ids: added tokens cut out, the rest normalised, cut into words, and the words given to the model. Where there is
 * a list for the offsets, those of every token are put there.
 */
function createPipeline(
  file: Readonly<Record<string, unknown>>,
  settings: TokenizerSettings,
  model: WordModel,
  added: ReturnType<typeof collectAddedTokens>,
): (text: string, offsets?: Offset[]) => number[] {
  const normalize = createNormalizer(file['normalizer']);
  const preTokenize = createPreTokenizer(withPrefixSpace(file['pre_tokenizer'], settings));
  const asWritten = createSplitter(
    added.filter((token) => !token.normalized),
    ({ content }) => content,
  );
  const afterNormalizer = createSplitter(
    added.filter((token) => token.normalized),
    ({ content }) => normalize(content),
  );
  return (text, offsets) => {
    const out: number[] = [];
    // Half a surrogate pair is no character: the encoders of bytes write U+FFFD for it, and so all see that.
    for (const section of asWritten(text.replace(/\p{Surrogate}/gu, '\ufffd'))) {
      if ('id' in section) {
        out.push(section.id);
        offsets?.push([section.start, section.end]);
        continue;
      }
      const aligned = offsets === undefined ? undefined : shifted(normalize.align(section.text), section.start);
      for (const piece of afterNormalizer(aligned?.text ?? normalize(section.text))) {
        if ('id' in piece) {
          out.push(piece.id);
          if (aligned !== undefined) offsets?.push([aligned.starts[piece.start]!, aligned.ends[piece.end - 1]!]);
          continue;
        }
        const isFirst = section.start === 0 && piece.start === 0;
        for (const word of preTokenize({ text: piece.text, isFirst, start: 0, floor: 0 })) {
          const ids = model.encodeWord(word.text);
          for (const id of ids) out.push(id);
          if (aligned === undefined) continue;
          // A text without words has more tokens than a call takes arguments.
          for (const offset of placeWord(word, ids, model, aligned, piece.start)) offsets?.push(offset);
        }
      }
    }
    return out;
  };
}

function shifted({ text, starts, ends }: AlignedText, by: number): AlignedText {
  return { text, starts: starts.map((start) => start + by), ends: ends.map((end) => end + by) };
}

/** Python's tokenizers overrule the prefix space of a `ByteLevel` by tokenizer_config.json, where it is false unless told. */
function withPrefixSpace(preTokenizer: unknown, settings: TokenizerSettings): unknown {
  const config = settings.tokenizerConfig as Record<string, unknown> | null | undefined;
  const found = preTokenizer as { readonly type?: unknown } | null | undefined;
  if (found?.type !== 'ByteLevel' || config === null || config === undefined) return preTokenizer;
  return { ...found, add_prefix_space: config['add_prefix_space'] === true };
}

function assemble(template: Template, first: number[], second: number[] | undefined, options: EncodeOptions): Encoding {
  const { maxLength, truncation = 'longest_first', addSpecialTokens = true } = options;
  const pieces = (second === undefined ? template.single : template.pair).filter(
    (piece) => addSpecialTokens || 'text' in piece,
  );
  const special = pieces.reduce((sum, piece) => sum + ('text' in piece ? 0 : piece.specialIds.length), 0);
  if (maxLength !== undefined) {
    if (maxLength < special) throw tooSmall(maxLength, special);
    const [keptFirst, keptSecond] = keptLengths(first.length, second?.length, maxLength - special, truncation);
    first.length = keptFirst;
    if (second !== undefined) second.length = keptSecond;
  }
  const inputIds: number[] = [];
  const tokenTypeIds: number[] = [];
  for (const piece of pieces) {
    const ids = 'text' in piece ? (piece.text === 'A' ? first : (second ?? [])) : piece.specialIds;
    for (const id of ids) {
      inputIds.push(id);
      tokenTypeIds.push(piece.typeId);
    }
  }
  return { inputIds, attentionMask: new Array<number>(inputIds.length).fill(1), tokenTypeIds };
}

function tooSmall(maxLength: number, special: number): UsageError {
  const message = messages.maxLengthTooSmall(maxLength, special);
  return new UsageError(message, { code: 'LEANTUNE_MAX_LENGTH', remedy: messages.remedyTruncation() });
}
