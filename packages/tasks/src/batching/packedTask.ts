/** Encoded rows as one piece of bytes and back: few large arrays instead of some for every row. */
import { deserialize, serialize } from 'node:v8';
import type { EncodedTask } from '../task/kinds/kind.js';
import type { EncodedExample, EncodedText } from './encode.js';

type Integers = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array;

/** Arrays over all texts, one after another; a question is as many texts as it has choices. */
interface Packed {
  readonly maxLength: number;
  readonly labels: EncodedTask['labels'];
  /** Texts of each example. */
  readonly choices: Integers;
  /** Tokens of each text. */
  readonly lengths: Integers;
  readonly inputIds: Integers;
  /** Absent where every token is real. */
  readonly attentionMask?: Integers | undefined;
  /** Absent where no text has types. */
  readonly tokenTypeIds?: Integers | undefined;
  /** Labels that are one number. */
  readonly numbers?: Float64Array;
  /** Labels that are lists: their lengths, and the values one after another. */
  readonly lists?: { readonly lengths: Integers; readonly values: Integers };
}

/** @returns bytes of any rows but images */
export function packTask({ examples, maxLength, labels }: EncodedTask): Uint8Array {
  const texts = examples.flatMap((example): EncodedText[] => [example, ...(example.otherChoices ?? [])]);
  const joined = (arrays: readonly ArrayLike<number>[]) => smallest(concatenate(arrays));
  const typed = texts.some(({ tokenTypeIds }) => tokenTypeIds !== undefined);
  const packed: Packed = {
    maxLength,
    labels,
    choices: smallest(Int32Array.from(examples, ({ otherChoices = [] }) => 1 + otherChoices.length)),
    lengths: smallest(Int32Array.from(texts, ({ inputIds }) => inputIds.length)),
    inputIds: joined(texts.map(({ inputIds }) => inputIds)),
    attentionMask: texts.every(({ attentionMask }) => attentionMask.every((real) => real === 1))
      ? undefined
      : joined(texts.map(({ attentionMask }) => attentionMask)),
    tokenTypeIds: typed ? joined(texts.map(({ tokenTypeIds }) => tokenTypeIds!)) : undefined,
    ...packLabels(examples),
  };
  return serialize(packed);
}

function packLabels(examples: readonly EncodedExample[]): Pick<Packed, 'numbers' | 'lists'> {
  const lists = examples.flatMap(({ label }) => (typeof label === 'number' ? [] : [label]));
  if (lists.length === 0) return { numbers: Float64Array.from(examples, ({ label }) => label as number) };
  const lengths = smallest(Int32Array.from(lists, ({ length }) => length));
  return { lists: { lengths, values: smallest(concatenate(lists)) } };
}

export function unpackTask(bytes: Uint8Array): EncodedTask {
  const packed = deserialize(bytes) as Packed;
  const { maxLength, labels, choices, lengths, numbers, lists } = packed;
  const ids = Int32Array.from(packed.inputIds);
  const types = packed.tokenTypeIds && Int32Array.from(packed.tokenTypeIds);
  const mask = packed.attentionMask && Int32Array.from(packed.attentionMask);
  const longest = Array.from(lengths).reduce((most, length) => Math.max(most, length), 0);
  const allReal = new Int32Array(longest).fill(1);
  const listAt = listReader(lists);
  let text = 0;
  let start = 0;
  const nextText = (): EncodedText => {
    const end = start + lengths[text]!;
    const found = {
      inputIds: ids.subarray(start, end),
      attentionMask: mask?.subarray(start, end) ?? allReal.subarray(0, end - start),
      ...(types === undefined ? {} : { tokenTypeIds: types.subarray(start, end) }),
    };
    text += 1;
    start = end;
    return found;
  };
  const examples = Array.from(choices, (count, index): EncodedExample => {
    const [first, ...others] = Array.from({ length: count }, nextText);
    const label = numbers?.[index] ?? listAt(index);
    return { ...first!, label, ...(others.length === 0 ? {} : { otherChoices: others }) };
  });
  return { examples, maxLength, labels };
}

/** Lists of `lists` in their order, by index. */
function listReader(lists: Packed['lists']): (index: number) => Int32Array {
  const values = Int32Array.from(lists?.values ?? []);
  const starts = [0];
  for (const length of lists?.lengths ?? []) starts.push(starts.at(-1)! + length);
  return (index) => values.subarray(starts[index], starts[index + 1]);
}

function concatenate(arrays: readonly ArrayLike<number>[]): Int32Array {
  const whole = new Int32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let place = 0;
  for (const array of arrays) {
    whole.set(array, place);
    place += array.length;
  }
  return whole;
}

/** The same integers in as few bytes as they need. */
function smallest(values: Int32Array): Integers {
  let least = 0;
  let most = 0;
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (least >= -128 && most <= 127) return Int8Array.from(values);
  if (least >= 0 && most <= 255) return Uint8Array.from(values);
  if (least >= -32768 && most <= 32767) return Int16Array.from(values);
  if (least >= 0 && most <= 65535) return Uint16Array.from(values);
  return values;
}
