import { z } from 'zod';
import { harness } from '../choice/template.js';
import type { ChoiceRow } from '../data/dataset.js';
import { filledText } from '../data/emptyText.js';
import { folderLoader, shards, type SplitFiles } from '../data/layout.js';
import { csv, parquet, stemOf, type RecordLayout } from '../data/records.js';
import { mmluManifest } from '../manifests/mmlu.js';
import { messages } from '../messages.js';
import { defineTask } from '../task/declaration.js';
import { mmluCategory, mmluSubjects } from './mmluSubjects.js';

const LETTERS = ['A', 'B', 'C', 'D'] as const;

/** Question, four choices, letter. */
const cells = z.tuple([filledText, filledText, filledText, filledText, filledText, z.enum(LETTERS)]);

const ofCsv: RecordLayout<z.infer<typeof cells>, ChoiceRow> = {
  schema: cells,
  toRow: ([question, ...rest], reject, file) => {
    const subject = stemOf(file);
    if (!mmluSubjects.includes(subject)) return reject(messages.subjectUnknown(subject, undefined));
    return { question, choices: rest.slice(0, 4), label: LETTERS.indexOf(rest[4]), subject };
  },
};

const hubRecord = z.looseObject({
  question: filledText,
  subject: z.enum(mmluSubjects),
  choices: z.array(filledText).length(4),
  answer: z.int().min(0).max(3),
});

const ofHub: RecordLayout<z.infer<typeof hubRecord>, ChoiceRow> = {
  schema: hubRecord,
  toRow: ({ question, subject, choices, answer }) => ({ question, choices, label: answer, subject }),
};

const ways = (split: string, hub: string): SplitFiles<ChoiceRow>[] => [
  { folder: split, files: new RegExp(`_${split}\\.csv$`), read: csv(ofCsv) },
  ...shards(hub, parquet(ofHub), ['all']),
];

export const mmlu = defineTask({
  name: 'mmlu',
  summary: 'questions of examinations in 57 subjects; scored by subject and category too',
  source: {
    homepage: 'https://github.com/hendrycks/test',
    licence: 'MIT',
    citation: 'Hendrycks et al., ICLR 2021',
    notes:
      'the letters A to D are scored, after the choices; solved examples are the first rows of "dev" of the subject',
  },
  kind: 'multiple-choice',
  answers: LETTERS,
  scoring: 'best',
  templates: {
    harness: harness({
      description: ({ subject = '' }) =>
        `The following are multiple choice questions (with answers) about ${subject.replaceAll('_', ' ')}.\n\n`,
      context: ({ question, choices }) =>
        `${question.trim()}\n${choices.map((text, choice) => `${LETTERS[choice]}. ${text}\n`).join('')}Answer:`,
      target: (_row, choice) => LETTERS[choice]!,
    }),
  },
  shots: { split: 'dev', sampler: 'first' },
  categories: mmluCategory,
  splits: { report: ['test'], select: 'val' },
  metrics: ['acc'],
  manifest: mmluManifest,
  load: folderLoader({
    folders: ['qa/mmlu', 'mmlu', 'mmlu/data'],
    splits: { dev: ways('dev', 'dev'), val: ways('val', 'validation'), test: ways('test', 'test') },
    optional: ['val', 'dev'],
  }),
});
