import { CorruptFileError, EnvironmentError, LeantuneError } from '@leantune/core';
import { readJson } from '@leantune/models/node';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { parityMessages } from './messages.js';

/** One run of a reference case, as `case.json` declares it. */
const runSchema = z.looseObject({
  golden: z.string(),
  task: z.string(),
  architecture: z.string().optional(),
  method: z.string(),
  mode: z.enum(['train', 'eval']).default('train'),
  /** Model input (snake case) → tensor of the golden file. */
  batch: z.record(z.string(), z.string()).optional(),
  /** Prefix of numbered micro-batches, e.g. `batch<i>.*`. */
  batches: z.string().optional(),
  /** Prefix of the method's trained tensors in the golden file. */
  parameters: z.string().optional(),
  /** Folder of a PEFT adapter. */
  adapter: z.string().optional(),
  /** TokenTune: positions (and mask of padded slots) to use instead of drawing. */
  selected: z.object({ positions: z.string(), mask: z.string().optional(), labels: z.string().optional() }).optional(),
  /** TokenTune's published code: prefixes of its two groups as it fed them. */
  groups: z.object({ selected: z.string(), rest: z.string() }).optional(),
  steps: z.int().positive().optional(),
  microBatchesPerStep: z.int().positive().default(1),
  optimizer: z
    .object({
      name: z.enum(['adamw', 'sgd']),
      learningRate: z.number(),
      beta1: z.number().optional(),
      beta2: z.number().optional(),
      epsilon: z.number().optional(),
      momentum: z.number().optional(),
      weightDecay: z.number().default(0),
      decay: z.enum(['decoupled', 'l2']),
      noDecayNamesContaining: z.array(z.string()).default([]),
      schedule: z.enum(['constant', 'linear', 'cosine']),
      warmupSteps: z.int().default(0),
      totalSteps: z.int().positive(),
      maxGradNorm: z.number().optional(),
    })
    .optional(),
  compare: z.record(z.string(), z.string()),
  /** Largest error of each kind; `equal` is none. */
  tolerance: z.record(
    z.string(),
    z.preprocess(
      (value) => (value === 'equal' ? 0 : value),
      z.number({ error: ({ input }) => parityMessages.unsupportedTolerance(input) }),
    ),
  ),
  /** Quantisation: the tensor that is quantised, and the entries that say how. */
  weights: z.string().optional(),
  entries: z.array(z.string()).optional(),
});

export type ParityRun = z.output<typeof runSchema>;

/** A run as declared, or why it cannot be run. */
export type ParityEntry =
  { readonly run: ParityRun } | { readonly problem: string; readonly method?: string; readonly mode?: string };

export interface ParityCase {
  readonly name: string;
  readonly folder: string;
  /** Empty: the case is documentation only. */
  readonly entries: readonly ParityEntry[];
}

/**
 * Reads a case folder, or every case below a folder of cases.
 * A `case.json` that is not of the format becomes a problem of that case, so that the others still run.
 * @throws EnvironmentError where there is no case.
 */
export async function readCases(path: string): Promise<ParityCase[]> {
  if (existsSync(join(path, 'case.json'))) return [await readCase(path)];
  const below = existsSync(path) && statSync(path).isDirectory() ? readdirSync(path).sort() : [];
  const folders = below.map((name) => join(path, name)).filter((folder) => existsSync(join(folder, 'case.json')));
  if (folders.length === 0) {
    throw new EnvironmentError(parityMessages.noCase(path), {
      code: 'LEANTUNE_NO_CASE',
      remedy: parityMessages.noCaseRemedy(),
    });
  }
  return Promise.all(folders.map(readCase));
}

const caseSchema = z.looseObject({ runs: z.array(z.unknown()).default([]), documentation: z.unknown().optional() });

async function readCase(folder: string): Promise<ParityCase> {
  return { name: basename(folder), folder, entries: await readEntries(join(folder, 'case.json')) };
}

async function readEntries(file: string): Promise<ParityEntry[]> {
  try {
    const { runs, documentation } = checked(file, caseSchema, await readJson(file), []);
    // A misspelt "runs" must not pass for a case without any.
    if (runs.length === 0 && documentation === undefined) throw badCase(file, parityMessages.noRuns());
    return runs.map((run, index) => readRun(file, run, index));
  } catch (error) {
    if (error instanceof LeantuneError) return [{ problem: error.message }];
    throw error;
  }
}

const namesSchema = z.looseObject({ method: z.string().optional(), mode: z.string().optional() });

function readRun(file: string, content: unknown, index: number): ParityEntry {
  try {
    return { run: checked(file, runSchema, content, ['runs', index]) };
  } catch (error) {
    if (!(error instanceof LeantuneError)) throw error;
    const names = namesSchema.safeParse(content).data;
    return {
      problem: error.message,
      ...(names?.method === undefined ? {} : { method: names.method }),
      ...(names?.mode === undefined ? {} : { mode: names.mode }),
    };
  }
}

function checked<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
  content: unknown,
  path: readonly PropertyKey[],
): z.output<Schema> {
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw badCase(file, parityMessages.badKey([...path, ...issue.path].join('.'), issue.message));
}

function badCase(file: string, detail: string): CorruptFileError {
  return new CorruptFileError(parityMessages.badCase(file, detail), { code: 'LEANTUNE_BAD_CASE', file });
}
