/** Sentences about tokenizers. */

import { showValue } from './showValue.js';

export function noSecondText(): string {
  return 'truncation: only_second needs a second text, found a single one that is too long';
}

export function textTooShortToCut(truncation: string, tokens: number, excess: number): string {
  return `truncation: ${truncation}: ${excess} tokens are too many, but the text to cut has only ${tokens}`;
}

export function maxLengthTooSmall(maxLength: number, specialTokens: number): string {
  return `maxLength: expected at least ${specialTokens} for the special tokens, found ${maxLength}`;
}

export function remedyTruncation(): string {
  return 'Take truncation longest_first or a larger maxLength.';
}

export function encodingTooLong(row: number, length: number, found: number): string {
  return `row ${row}: expected at most ${length} tokens, found ${found}`;
}

export function remedyEncodingTooLong(): string {
  return 'Encode with that maxLength, or pad to "longest".';
}

export function tokenizerFileWrong(file: string, reason: string): string {
  return `${file}: is no tokenizer that leantune reads: ${reason}`;
}

export function tokenizerFilesAbsent(folder: string): string {
  return `${folder}: expected tokenizer.json, vocab.txt, or vocab.json with merges.txt; found none of them`;
}

export function remedyPlaceTokenizer(): string {
  return "Put the checkpoint's tokenizer files into the folder.";
}

export function tokenAbsent(token: string): string {
  return `the token ${token} is not in the vocabulary`;
}

export function tokenIdWrong(token: string, found: unknown): string {
  return `token ${showValue(token)}: expected a whole number from 0 on as its id, found ${showValue(found)}`;
}

export function noPadToken(): string {
  return 'it names no padding token';
}

export function postProcessorUnknown(found: unknown): string {
  return `post_processor: expected TemplateProcessing, BertProcessing, RobertaProcessing or ByteLevel, found ${showValue(found)}`;
}

export function componentUnknown(key: string, known: readonly string[], found: unknown): string {
  return `${key}: expected one of the types ${known.join(', ')}, found ${showValue(found)}`;
}

export function modelKindUnsupported(found: string, known: readonly string[]): string {
  return `${found} is not supported (expected ${known.join(' or ')})`;
}

export function mergeWrong(index: number, found: unknown): string {
  return `merges: entry ${index}: expected two tokens, found ${showValue(found)}`;
}

export function mergeOutsideVocabulary(index: number, found: unknown, token: string): string {
  return `merges: entry ${index}: ${showValue(found)}: expected tokens of the vocabulary, found ${showValue(token)}, which is none`;
}

export function vocabularyWrong(): string {
  return 'expected an object from tokens to their ids';
}

export function remedyConvertTokenizer(): string {
  return (
    'There is only a SentencePiece model. Write its tokenizer.json once with Python, in that folder: ' +
    `python3 -c "from transformers import AutoTokenizer; AutoTokenizer.from_pretrained('.').save_pretrained('.')"`
  );
}

export function offsetsUnknown(reason: string): string {
  return `which characters its tokens stand for is not known: ${reason}`;
}

export function normalizerNotLocal(): string {
  return 'its normaliser joins characters that are no letter with its marks';
}

export function wordsNotPlaced(): string {
  return 'its pre-tokenizer cuts or rewrites words in bytes';
}

export function wordNotItsTokens(word: string): string {
  return `the tokens of ${showValue(word)} do not spell it`;
}

export function remedyOffsetsUnknown(): string {
  return 'Take a model with another tokenizer (BERT, RoBERTa, GPT-2, Llama).';
}
