import { UsageError } from '@leantune/core';
import * as messages from '../messages.js';
import type { Truncation } from './tokenizer.js';

/**
 * How many tokens of the two texts stay so that at most `room` do, as the Rust tokenizers decide it (`truncate_encodings`
 * of huggingface/tokenizers): with `longest_first` the shorter text keeps all it can, and where both are cut the second,
 * or else the longer one, gets the odd place. `second` is undefined for a single text.
 */
export function keptLengths(
  first: number,
  second: number | undefined,
  room: number,
  truncation: Truncation,
): readonly [number, number] {
  const excess = first + (second ?? 0) - room;
  if (excess <= 0) return [first, second ?? 0];
  if (room === 0) return [0, 0];
  if (truncation === 'longest_first') return longestFirst(first, second, room);
  if (truncation === 'only_second' && second === undefined) throw cannotTruncate(messages.noSecondText());
  const target = truncation === 'only_first' ? first : second!;
  if (target <= excess) throw cannotTruncate(messages.textTooShortToCut(truncation, target, excess));
  return truncation === 'only_first' ? [first - excess, second ?? 0] : [first, second! - excess];
}

function longestFirst(first: number, second: number | undefined, room: number): readonly [number, number] {
  if (second === undefined) return [room, 0];
  const shorter = Math.min(first, second);
  const half = Math.floor(room / 2);
  // Both are cut when the shorter one alone takes more than its half.
  const [short, long] = shorter > half ? [half, room - half] : [shorter, room - shorter];
  return first > second ? [long, short] : [short, long];
}

function cannotTruncate(message: string): UsageError {
  return new UsageError(message, { code: 'LEANTUNE_TRUNCATION', remedy: messages.remedyTruncation() });
}
