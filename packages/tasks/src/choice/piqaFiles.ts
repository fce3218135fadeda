/** PIQA's own layout: questions in one file, a label a line in another. */
import { z } from 'zod';
import type { ChoiceRow } from '../data/dataset.js';
import type { TogetherReader } from '../data/layout.js';
import { readJsonl } from '../data/readers/jsonl.js';
import { corrupt, readText } from '../data/readers/lines.js';
import { messages } from '../messages.js';

const question = z.looseObject({ goal: z.string(), sol1: z.string(), sol2: z.string() });

export const piqaFiles: TogetherReader<ChoiceRow> = {
  together: async ([questions, labels], keep) => {
    const rows: Omit<ChoiceRow, 'label'>[] = [];
    const questionDigest = await readJsonl(questions!, (record, line) => {
      const parsed = question.safeParse(record);
      if (!parsed.success) {
        const { path, message } = parsed.error.issues[0]!;
        throw badRow(questions!, line, messages.fieldProblem(path.map(String).join('.'), message));
      }
      rows.push({ question: parsed.data.goal, choices: [parsed.data.sol1, parsed.data.sol2] });
    });
    const { text, digest } = await readText(labels!);
    const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
    if (lines.length !== rows.length) {
      throw badRow(labels!, Math.min(lines.length, rows.length) + 1, messages.labelsAndRows(lines.length, rows.length));
    }
    rows.forEach((row, index) => {
      const label = lines[index]!.trim();
      if (label !== '0' && label !== '1') throw badRow(labels!, index + 1, messages.answerOutside(label, ['0', '1']));
      keep({ ...row, label: Number(label) });
    });
    return [questionDigest, digest];
  },
};

function badRow(file: string, line: number, problem: string): Error {
  return corrupt(file, messages.badRecordAt(`${file}:${line}`, problem), 'LEANTUNE_RECORD', messages.badLabelRemedy());
}
