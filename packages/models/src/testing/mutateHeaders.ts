import { CorruptFileError, RandomStream } from '@leantune/core';
import { openSafetensors } from '../safetensors/reader.js';
import { memorySource } from '../safetensors/source.js';
import { encodeSafetensors } from '../safetensors/writer.js';

const splices = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\\',
  '-1',
  '1e400',
  '99999999999',
  'null',
  '__metadata__',
  '"F64"',
  '\u0000',
  '0',
];

/**
 * Opens `count` damaged copies of a good file (flipped bits, spliced text, repeated and lost pieces, cut files; always
 * the same ones) and reads what opens. Any error but CorruptFileError is thrown on.
 */
export async function mutatedHeaderOutcomes(count: number): Promise<{ opened: number; refused: number }> {
  const good = encodeSafetensors({
    'encoder.weight': { dtype: 'float32', shape: [2, 3], data: new Float32Array(6) },
    'encoder.bias': { dtype: 'float32', shape: [3], data: new Float32Array(3) },
    position_ids: { dtype: 'int32', shape: [1, 4], data: new Int32Array(4) },
  });
  const outcomes = { opened: 0, refused: 0 };
  for (let i = 0; i < count; i++) {
    const bytes = mutate(good, new RandomStream(11, 'mutate', i));
    try {
      const file = await openSafetensors(memorySource(bytes, 'mutated'));
      for (const name of file.names()) await file.readFloat64(name);
      outcomes.opened += 1;
    } catch (error) {
      if (!(error instanceof CorruptFileError)) throw new Error(`mutation ${i}`, { cause: error });
      outcomes.refused += 1;
    }
  }
  return outcomes;
}

function mutate(good: Uint8Array, random: RandomStream): Uint8Array {
  let bytes: Uint8Array = good.slice();
  const headerEnd = 8 + Number(new DataView(good.buffer).getBigUint64(0, true));
  for (let edits = 1 + random.integer(3); edits > 0; edits--) {
    const at = random.integer(Math.min(headerEnd, bytes.length));
    switch (random.integer(5)) {
      case 0:
        bytes[at]! ^= 1 << random.integer(8);
        break;
      case 1:
        bytes = bytes.slice(0, random.integer(bytes.length) + 1);
        break;
      case 2: {
        // Same length, so that only the JSON is wrong.
        const splice = new TextEncoder().encode(splices[random.integer(splices.length)]);
        bytes.set(splice.subarray(0, bytes.length - at), at);
        break;
      }
      case 3: {
        const from = 8 + random.integer(Math.max(1, bytes.length - 8));
        bytes.copyWithin(Math.max(8, at), from, from + random.integer(40));
        break;
      }
      default:
        bytes[at] = 0x30 + random.integer(10);
    }
  }
  return bytes;
}
