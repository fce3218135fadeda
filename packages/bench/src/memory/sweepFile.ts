/** A sweep of memory: YAML → settings of every row, or all of its problems at once. */
import { ConfigurationError } from '@leantune/core';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { messages } from '../messages.js';
import { zodIssues } from '../sweep/issues.js';
import type { SweepSource } from '../sweep/parseSweep.js';

const word = z.union([z.string().min(1), z.number()]).transform(String);
const words = z.union([z.array(word).min(1), word.transform((one) => [one])]);

/** Every combination is one row. */
const groupSchema = z.strictObject({
  model: words,
  methods: words,
  batch: words,
  seq: words,
  precision: words.default(['fp32']),
  saving: words.default(['lean']),
  optimizer: words.default(['adamw']),
  head: word.optional(),
  dropout: word.optional(),
  clip: word.optional(),
});

/** Names of figures that can be drawn. */
const plottable = ['peakBytes', 'activationBytes', 'savedBytes'] as const;

const where = z.record(z.string(), word).default({});

const memorySweepSchema = z.strictObject({
  kind: z.literal('memory'),
  name: z.string().min(1),
  title: z.string().min(1),
  size: z.literal('full'),
  description: z.string().optional(),
  groups: z.array(groupSchema).min(1),
  plots: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        title: z.string().min(1),
        /** A number of each row: its batch, sequence, or what stands in the method after `tokens=` or `ratio=`. */
        x: z.enum(['batch', 'seq', 'tokens', 'ratio', 'method']),
        y: z.enum(plottable),
        /** Only rows with these settings. */
        where,
        /** Only these labels. */
        methods: z.array(z.string()).optional(),
      }),
    )
    .default([]),
  /** Short names of long spellings, also where they are parts of others. */
  labels: z.record(z.string(), z.string()).default({}),
  /** Firm values of a paper: a figure of one method as a share of the same figure of another. */
  paper: z
    .array(
      z.strictObject({
        claim: z.string().min(1),
        source: z.string().min(1),
        figure: z.enum(plottable),
        method: word,
        of: word,
        percent: z.number(),
        where,
      }),
    )
    .default([]),
  notes: z.array(z.string()).default([]),
});

export type MemorySweep = z.infer<typeof memorySweepSchema>;

/** @throws ConfigurationError with every problem of the file */
export function parseMemorySweep({ file, text }: SweepSource): MemorySweep {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const fail = (issues: ConstructorParameters<typeof ConfigurationError>[0]) =>
    new ConfigurationError(issues, { code: 'LEANTUNE_SWEEP_INVALID', remedy: messages.sweepRemedy(file) });
  if (document.errors.length > 0) {
    throw fail(
      document.errors.map(({ message, pos }) => ({
        file,
        line: lines.linePos(pos[0]).line,
        key: 'YAML',
        message: (message.split('\n')[0] ?? message).replace(/ at line \d+.*$/, ''),
      })),
    );
  }
  const parsed = memorySweepSchema.safeParse(document.toJS(), { reportInput: true });
  if (parsed.success) return parsed.data;
  throw fail(zodIssues(memorySweepSchema, parsed.error).map(({ path: _path, ...issue }) => ({ file, ...issue })));
}

/** A method as tables and plots name it. */
export function labelOf({ labels }: MemorySweep, method: string): string {
  return method
    .split('+')
    .map((part) => Object.entries(labels).find(([, spelling]) => spelling === part)?.[0] ?? part)
    .join('+');
}

/** One row as it is written: what `leantune memory` takes. */
export interface RowWords {
  readonly model: string;
  readonly method: string;
  readonly batch: string;
  readonly seq: string;
  readonly precision: string;
  readonly saving: string;
  readonly optimizer: string;
  readonly head?: string;
  readonly dropout?: string;
  readonly clip?: string;
}

/** Every combination of every group, in the order of the file; settings outside, methods inside. No row twice. */
export function rowsOf({ groups }: MemorySweep): RowWords[] {
  const rows = new Map<string, RowWords>();
  for (const { head, dropout, clip, ...lists } of groups) {
    const fixed = { ...(head && { head }), ...(dropout && { dropout }), ...(clip && { clip }) };
    const { methods: method, ...outer } = lists;
    const keys = ['model', 'precision', 'optimizer', 'saving', 'seq', 'batch'] as const;
    let combinations: Record<string, string>[] = [{}];
    for (const key of keys) {
      combinations = combinations.flatMap((row) => outer[key].map((value) => ({ ...row, [key]: value })));
    }
    for (const combination of combinations) {
      for (const each of method) {
        const row = { ...combination, method: each, ...fixed } as unknown as RowWords;
        rows.set(JSON.stringify(row), row);
      }
    }
  }
  return [...rows.values()];
}
