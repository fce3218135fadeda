/** The files of a run: where they lie, how they are written (atomically) and read back. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CorruptFileError, EnvironmentError } from '@leantune/core';
import writeFileAtomic from 'write-file-atomic';
import type { z } from 'zod';
import { messages } from '../messages.js';
import { formatPath } from '../sweep/issues.js';
import { cellResultSchema, runManifestSchema } from './schema.js';
import type { CellResult, RunManifest } from './schema.js';

export class RunFolder {
  constructor(readonly path: string) {}

  get manifestPath(): string {
    return join(this.path, 'sweep.json');
  }
  get reportFolder(): string {
    return join(this.path, 'report');
  }
  resultPath(id: string): string {
    return join(this.path, 'cells', `${id}.json`);
  }
  stepsPath(id: string): string {
    return join(this.path, 'cells', `${id}.steps.jsonl`);
  }
  logPath(id: string): string {
    return join(this.path, 'cells', `${id}.log`);
  }

  /** Creates the folder and proves that files can be written, before hours are spent. */
  async prepare(): Promise<void> {
    const probe = join(this.path, 'cells', '.writable');
    try {
      await mkdir(join(this.path, 'cells'), { recursive: true });
      await writeFile(probe, '');
      await rm(probe);
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
      throw new EnvironmentError(messages.notWritable(this.path, code), {
        code: 'LEANTUNE_OUT_NOT_WRITABLE',
        remedy: messages.notWritableRemedy(),
        cause,
      });
    }
  }

  async writeResult(result: CellResult): Promise<void> {
    await writeJson(this.resultPath(result.id), result);
  }

  async writeManifest(manifest: RunManifest): Promise<void> {
    await writeJson(this.manifestPath, manifest);
  }

  /** undefined where the cell has not ended yet. */
  async readResult(id: string): Promise<CellResult | undefined> {
    const path = this.resultPath(id);
    return existsSync(path) ? readChecked(path, cellResultSchema) : undefined;
  }

  async readManifest(): Promise<RunManifest> {
    if (!existsSync(this.manifestPath)) throw this.absent();
    return readChecked(this.manifestPath, runManifestSchema);
  }

  /** The error for a folder without a run; `nearest` is the run whose name comes closest. */
  absent(nearest?: string): EnvironmentError {
    return new EnvironmentError(messages.noRunFolder(this.path, nearest), {
      code: 'LEANTUNE_NO_RUN',
      remedy: messages.noRunFolderRemedy(),
    });
  }

  /** Ids of all result files, whether or not they belong to the current plan. */
  async resultIds(): Promise<string[]> {
    const folder = join(this.path, 'cells');
    if (!existsSync(folder)) return [];
    return (await readdir(folder))
      .filter((file) => /^[0-9a-f]+\.json$/.test(file))
      .map((file) => basename(file, '.json'))
      .sort();
  }
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

async function readChecked<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.infer<Schema>> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw corrupt(path, messages.notJson(), cause);
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw corrupt(
    path,
    issue === undefined ? messages.notJson() : `${formatPath(issue.path)}: ${issue.message}`,
    parsed.error,
  );
}

function corrupt(file: string, detail: string, cause: unknown): CorruptFileError {
  return new CorruptFileError(messages.corruptResult(file, detail), {
    code: 'LEANTUNE_RESULT_CORRUPT',
    remedy: messages.corruptResultRemedy(file),
    file,
    cause,
  });
}
