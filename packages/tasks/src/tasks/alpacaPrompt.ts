import { z } from 'zod';
import type { InstructionRow } from '../data/dataset.js';
import type { RecordLayout } from '../data/records.js';

const record = z.looseObject({ instruction: z.string(), input: z.string(), output: z.string() });

export const instructionRecord: RecordLayout<z.infer<typeof record>, InstructionRow> = {
  schema: record,
  toRow: ({ instruction, input, output }) => ({ instruction, input, output }),
};

const sourcedRecord = record.extend({ data_source: z.string().optional() });

/** Open-Platypus says where each row comes from. */
export const platypusRecord: RecordLayout<z.infer<typeof sourcedRecord>, InstructionRow> = {
  schema: sourcedRecord,
  toRow: ({ instruction, input, output, data_source: source }) =>
    source === undefined ? { instruction, input, output } : { instruction, input, output, source },
};

/** The prompt of Stanford Alpaca (Taori et al. 2023), which Open-Platypus and TokenTune use too. */
export function alpacaPrompt({ instruction, input }: InstructionRow): string {
  const task = 'Below is an instruction that describes a task';
  const ask = 'Write a response that appropriately completes the request.';
  return input === ''
    ? `${task}. ${ask}\n\n### Instruction:\n${instruction}\n\n### Response:\n`
    : `${task}, paired with an input that provides further context. ${ask}\n\n### Instruction:\n${instruction}\n\n### Input:\n${input}\n\n### Response:\n`;
}
