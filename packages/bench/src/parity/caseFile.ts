import { CorruptFileError, EnvironmentError } from '@leantune/core';
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
  selected: z.object({ positions: z.string(), mask: z.string().optional() }).optional(),
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
  tolerance: z.record(z.string(), z.number()),
});

export type ParityRun = z.output<typeof runSchema>;

export interface ParityCase {
  readonly name: string;
  readonly folder: string;
  readonly runs: readonly ParityRun[];
}

/**
 * Reads a case folder, or every case below a folder of cases.
 * @throws EnvironmentError where there is none; CorruptFileError where a `case.json` is not of the format.
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

async function readCase(folder: string): Promise<ParityCase> {
  const file = join(folder, 'case.json');
  const parsed = z.looseObject({ runs: z.array(runSchema).default([]) }).safeParse(await readJson(file));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new CorruptFileError(parityMessages.badCase(file, issue.path.join('.'), issue.message), {
      code: 'LEANTUNE_BAD_CASE',
      file,
    });
  }
  return { name: basename(folder), folder, runs: parsed.data.runs };
}
