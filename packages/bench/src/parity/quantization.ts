import { Nf4Weight, UsageError, quantizeNf4, scope, type Nf4Options } from '@leantune/core';
import { roundedTo, type Safetensors } from '@leantune/models';
import { openWeights } from '@leantune/models/node';
import { join } from 'node:path';
import type { ParityCase, ParityRun } from './caseFile.js';
import { compareAbsolute, notComparable, type Comparison } from './compare.js';
import { parityMessages } from './messages.js';

type FloatType = 'float32' | 'bfloat16' | 'float16';

/** How an entry of a case quantises: `nf4.bs64.dq.bfloat16`. */
interface Entry extends Nf4Options {
  readonly name: string;
  /** Input and result are rounded to it. */
  readonly dtype: FloatType;
}

/** Quantises the weights of a case as every entry says, and reads them back on the active backend. */
export async function runQuantization({ folder }: ParityCase, run: ParityRun): Promise<Comparison[]> {
  if (run.weights === undefined || run.entries === undefined) throw unsupported(parityMessages.noWeights());
  const entries = run.entries.map(parseEntry);
  const golden = await openWeights(join(folder, run.golden));
  try {
    const { data, shape } = await golden.read(run.weights);
    const comparisons: Comparison[] = [];
    for (const entry of entries) {
      const values = roundedTo(Float32Array.from(data), entry.dtype);
      comparisons.push(...(await compareEntry(golden, run, entry, values, shape)));
    }
    return comparisons;
  } finally {
    await golden.close();
  }
}

function parseEntry(name: string): Entry {
  const found = /^nf4\.bs(\d+)\.(plain|dq)(?:\.(bfloat16|float16))?$/.exec(name);
  if (found === null) throw unsupported(parityMessages.unknownEntry(name));
  const [, blockSize, kind, dtype = 'float32'] = found;
  return { name, blockSize: Number(blockSize), doubleQuant: kind === 'dq', dtype: dtype as FloatType };
}

async function compareEntry(
  golden: Safetensors,
  { compare, tolerance }: ParityRun,
  entry: Entry,
  values: Float32Array,
  shape: readonly number[],
): Promise<Comparison[]> {
  const { codes, absmax } = quantizeNf4(values, entry);
  const columns = shape.at(-1) ?? 1;
  const comparisons: Comparison[] = [];
  for (const [key, pattern] of Object.entries(compare)) {
    const tensor = pattern.replace('<entry>', entry.name);
    const expected = await golden.readFloat64(tensor);
    switch (key) {
      case 'codes':
        comparisons.push(compareAbsolute(tensor, packBytes(codes), expected, tolerance.codes ?? 0));
        break;
      case 'absmax': {
        const scales = absmax instanceof Float32Array ? absmax : absmax.codes;
        comparisons.push(compareAbsolute(tensor, scales, expected, tolerance.absmax_abs ?? 0));
        break;
      }
      case 'dequantized': {
        const weight = Nf4Weight.quantize(() => values, [values.length / columns, columns], entry);
        const numbers = scope(() => Float32Array.from(weight.dequantize().read()));
        weight.release();
        const rounded = roundedTo(numbers, entry.dtype);
        comparisons.push(compareAbsolute(tensor, rounded, expected, tolerance.dequantized_abs ?? 0));
        break;
      }
      default:
        comparisons.push(notComparable(tensor, parityMessages.unknownComparison(key)));
    }
  }
  return comparisons;
}

/** Two codes a byte, the first in the high half; the code of zero after an odd last one. */
function packBytes(codes: Uint8Array): Uint8Array {
  const zero = 7;
  return Uint8Array.from(
    { length: Math.ceil(codes.length / 2) },
    (_, index) => (codes[2 * index]! << 4) | (codes[2 * index + 1] ?? zero),
  );
}

function unsupported(message: string): UsageError {
  return new UsageError(message, { code: 'LEANTUNE_PARITY_UNSUPPORTED' });
}
