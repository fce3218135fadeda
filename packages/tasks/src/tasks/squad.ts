import { z } from 'zod';
import type { SpanRow } from '../data/dataset.js';
import { folderLoader, shards } from '../data/layout.js';
import { jsonDocument, parquet, type RecordLayout } from '../data/records.js';
import { squadManifest } from '../manifests/squad.js';
import { messages } from '../messages.js';
import { defineTask } from '../task/declaration.js';

const answer = z.looseObject({ text: z.string().min(1), answer_start: z.int().min(0) });
const tree = z.looseObject({
  data: z.array(
    z.looseObject({
      paragraphs: z.array(
        z.looseObject({
          context: z.string(),
          qas: z.array(z.looseObject({ id: z.string(), question: z.string(), answers: z.array(answer).min(1) })),
        }),
      ),
    }),
  ),
});

type Reject = (problem: string) => never;

/** The files count characters as Python does, in code points. */
function rowOf(
  id: string,
  context: string,
  question: string,
  found: readonly z.infer<typeof answer>[],
  reject: Reject,
): SpanRow {
  const answers = found.map(({ text, answer_start }) => {
    const start = Array.from(context).slice(0, answer_start).join('').length;
    if (!context.startsWith(text, start)) return reject(messages.answerNotInText(id, text));
    return { text, start };
  });
  return { id, context, question, answers };
}

const original: RecordLayout<z.infer<typeof tree>, SpanRow> = {
  schema: tree,
  toRow: ({ data }, reject) =>
    data.flatMap(({ paragraphs }) =>
      paragraphs.flatMap(({ context, qas }) =>
        qas.map(({ id, question, answers }) => rowOf(id, context, question, answers, reject)),
      ),
    ),
};

const hubRecord = z.looseObject({
  id: z.string(),
  context: z.string(),
  question: z.string(),
  answers: z.looseObject({ text: z.array(z.string()).min(1), answer_start: z.array(z.int().min(0)) }),
});

const ofHub: RecordLayout<z.infer<typeof hubRecord>, SpanRow> = {
  schema: hubRecord,
  toRow: ({ id, context, question, answers }, reject) => {
    const [texts, starts] = [answers.text.length, answers.answer_start.length];
    if (starts !== texts) return reject(messages.listLengths('answers.answer_start', starts, 'answers.text', texts));
    const paired = answers.text.map((text, index) => ({ text, answer_start: answers.answer_start[index]! }));
    return rowOf(id, context, question, paired, reject);
  },
};

const download = (file: string, bytes: number, sha256: string) => ({
  url: `https://rajpurkar.github.io/SQuAD-explorer/dataset/${file}`,
  bytes,
  sha256,
  places: file,
});

export const squad = defineTask({
  name: 'squad',
  summary: 'questions on Wikipedia whose answer is a piece of the text (SQuAD 1.1)',
  source: {
    homepage: 'https://rajpurkar.github.io/SQuAD-explorer/',
    licence: 'CC BY-SA 4.0',
    citation: 'Rajpurkar et al., EMNLP 2016',
  },
  kind: 'question-answering',
  splits: { train: 'train', report: ['dev'], select: 'dev' },
  metrics: ['answerF1', 'exactMatch'],
  manifest: squadManifest,
  load: folderLoader({
    folders: ['qa/squad', 'squad'],
    splits: {
      train: [
        { files: ['train-v1.1.json'], read: jsonDocument(original) },
        ...shards('train', parquet(ofHub), ['plain_text']),
      ],
      dev: [
        { files: ['dev-v1.1.json'], read: jsonDocument(original) },
        ...shards('validation', parquet(ofHub), ['plain_text']),
      ],
    },
    optional: ['train'],
  }),
  downloads: [
    download('train-v1.1.json', 30288272, '3527663986b8295af4f7fcdff1ba1ff3f72d07d61a20f487cb238a6ef92fd955'),
    download('dev-v1.1.json', 4854279, '95aa6a52d5d6a735563366753ca50492a658031da74f301ac5238b03966972c9'),
  ],
});
