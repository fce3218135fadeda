/** Records of question-answering datasets, in the benchmarks' own shape and in the hub's. */
import { z } from 'zod';
import type { ChoiceRow } from '../data/dataset.js';
import { filledText } from '../data/emptyText.js';
import { messages } from '../messages.js';
import type { RecordLayout } from '../data/records.js';

const stringList = z.array(z.string()).min(2);

/** Index of the right choice: a number, or its digits as text as the hub has them; nothing else counts as one. */
const choiceIndex = z.unknown().transform((found, context): number => {
  const index = typeof found === 'string' && /^\d+$/.test(found) ? Number(found) : found;
  if (typeof index === 'number' && Number.isSafeInteger(index) && index >= 0) return index;
  context.addIssue({ code: 'custom', message: messages.noChoiceIndex(found) });
  return z.NEVER;
});

/** ARC and OpenBookQA: choices with labels A, B, … or 1, 2, …, a key; nested in the original, flat on the hub. */
const nested = z.looseObject({
  question: z.looseObject({
    stem: filledText,
    choices: z.array(z.looseObject({ text: filledText, label: z.string() })),
  }),
  answerKey: z.string(),
});
const flat = z
  .looseObject({
    question: filledText.optional(),
    question_stem: filledText.optional(),
    choices: z.looseObject({ text: z.array(filledText), label: z.array(z.string()) }),
    answerKey: z.string(),
  })
  .refine((record) => (record.question ?? record.question_stem) !== undefined, {
    path: ['question'],
    message: 'is missing',
  });

type Reject = (problem: string) => never;
type KeyedRecord = z.infer<typeof nested> | z.infer<typeof flat>;

/** Keys of ARC; copies of it lack some choices, so that a row may have none for its key. */
const arcKeys = /^[A-E1-5]$/;

export const keyedQuestion: RecordLayout<KeyedRecord, ChoiceRow> = keyed(false);
export const arcQuestion: RecordLayout<KeyedRecord, ChoiceRow> = keyed(true);

function keyed(mayLackChoices: boolean): RecordLayout<KeyedRecord, ChoiceRow> {
  return { schema: z.union([nested, flat]), toRow: (record, reject) => toKeyedRow(record, reject, mayLackChoices) };
}

function toKeyedRow(record: KeyedRecord, reject: Reject, mayLackChoices: boolean): ChoiceRow {
  const isNested = 'question' in record && typeof record.question === 'object';
  const { stem, choices } = isNested
    ? (record as z.infer<typeof nested>).question
    : flatQuestion(record as z.infer<typeof flat>, reject);
  const labels = choices.map(({ label }) => label);
  // Rows of ARC whose labels are digits have lost all their choices in some copies.
  if (choices.length < 2 && !(mayLackChoices && choices.length === 0)) {
    return reject(messages.tooFewChoices(choices.length));
  }
  const doubled = labels.find((each, index) => labels.indexOf(each) < index);
  if (doubled !== undefined) return reject(messages.doubledLabel(doubled));
  const label = labels.indexOf(record.answerKey.trimStart());
  if (label < 0 && !(mayLackChoices && arcKeys.test(record.answerKey))) {
    return reject(messages.answerOutside(record.answerKey, labels));
  }
  return { question: stem, choices: choices.map(({ text }) => text), label };
}

function flatQuestion({ question, question_stem, choices }: z.infer<typeof flat>, reject: Reject) {
  const [texts, labels] = [choices.text.length, choices.label.length];
  if (labels !== texts) return reject(messages.listLengths('choices.label', labels, 'choices.text', texts));
  const labelled = choices.text.map((text, index) => ({ text, label: choices.label[index]! }));
  return { stem: question_stem ?? question ?? '', choices: labelled };
}

const sciqRecord = z.looseObject({
  question: filledText,
  distractor1: filledText,
  distractor2: filledText,
  distractor3: filledText,
  correct_answer: filledText,
  support: z.string(),
});

/** The right answer comes last, as lm-evaluation-harness orders them. */
export const sciqQuestion: RecordLayout<z.infer<typeof sciqRecord>, ChoiceRow> = {
  schema: sciqRecord,
  toRow: (record) => ({
    question: record.question,
    support: record.support,
    choices: [record.distractor1, record.distractor2, record.distractor3, record.correct_answer],
    label: 3,
  }),
};

const piqaRecord = z.looseObject({
  goal: z.string(),
  sol1: z.string(),
  sol2: z.string(),
  label: z.int().min(0).max(1),
});

export const piqaQuestion: RecordLayout<z.infer<typeof piqaRecord>, ChoiceRow> = {
  schema: piqaRecord,
  toRow: ({ goal, sol1, sol2, label }) => ({ question: goal, choices: [sol1, sol2], label }),
};

/** Original and hub's fields, or texts that have been cleaned already. */
const hellaswagRecord = z.union([
  z.looseObject({
    activity_label: z.string(),
    ctx_a: z.string(),
    ctx_b: z.string(),
    endings: stringList,
    label: choiceIndex,
  }),
  z.looseObject({ query: z.string(), choices: stringList, label: choiceIndex }),
]);

export const hellaswagQuestion: RecordLayout<z.infer<typeof hellaswagRecord>, ChoiceRow> = {
  schema: hellaswagRecord,
  toRow: (record, reject) => {
    const raw = record as { readonly [key: string]: unknown; readonly label: number };
    const choices = ('endings' in raw ? (raw.endings as string[]).map(cleaned) : raw.choices) as string[];
    if (raw.label >= choices.length)
      return reject(
        messages.answerOutside(
          String(raw.label),
          choices.map((_, i) => String(i)),
        ),
      );
    const question =
      'ctx_a' in raw
        ? cleaned(`${String(raw.activity_label)}: ${String(raw.ctx_a)} ${capitalized(String(raw.ctx_b))}`)
        : (raw.query as string);
    return { question, choices, label: raw.label };
  },
};

/** Marks of the WikiHow part are taken out, as lm-evaluation-harness does. */
function cleaned(text: string): string {
  return text
    .trim()
    .replaceAll(' [title]', '. ')
    .replace(/\[.*?\]/g, '')
    .replaceAll('  ', ' ');
}

/** Python's `str.capitalize`. */
function capitalized(text: string): string {
  const [first = '', ...rest] = Array.from(text);
  return first.toUpperCase() + rest.join('').toLowerCase();
}

const winograndeRecord = z.looseObject({
  sentence: z.string(),
  option1: z.string(),
  option2: z.string(),
  answer: z.enum(['1', '2']),
});

export const winograndeQuestion: RecordLayout<z.infer<typeof winograndeRecord>, ChoiceRow> = {
  schema: winograndeRecord,
  toRow: ({ sentence, option1, option2, answer }, reject) => {
    if (!sentence.includes('_')) return reject(messages.noGap());
    return { question: sentence, choices: [option1, option2], label: Number(answer) - 1 };
  },
};

const targets = z.union([
  z.record(z.string(), z.int().min(0).max(1)),
  z.looseObject({ choices: z.array(z.string()), labels: z.array(z.int().min(0).max(1)) }),
]);
const truthfulQaRecord = z.looseObject({ question: z.string(), mc1_targets: targets, mc2_targets: targets });

/** The choices of one of the two sets; in mc1 one is right, in mc2 several. */
export const truthfulQaQuestion = (
  set: 'mc1_targets' | 'mc2_targets',
): RecordLayout<z.infer<typeof truthfulQaRecord>, ChoiceRow> => ({
  schema: truthfulQaRecord,
  toRow: (record, reject) => {
    const found = record[set] as Record<string, unknown>;
    const isHub = Array.isArray(found.choices);
    const choices = isHub ? (found.choices as string[]) : Object.keys(found);
    const truths = isHub ? (found.labels as number[]) : (Object.values(found) as number[]);
    if (truths.length !== choices.length) {
      return reject(messages.listLengths(`${set}.labels`, truths.length, `${set}.choices`, choices.length));
    }
    if (choices.length < 2) return reject(messages.fieldProblem(set, messages.tooFewChoices(choices.length)));
    const label = truths.indexOf(1);
    if (label < 0) return reject(messages.noRightChoice());
    const row = { question: record.question, choices, label };
    return set === 'mc2_targets' ? { ...row, truths } : row;
  },
});
