import { LeantuneError, useBackend } from '@leantune/core';
import { loadBackend } from '@leantune/core/node';
import { readCases, type ParityCase, type ParityEntry } from './caseFile.js';
import type { Comparison } from './compare.js';
import { parityMessages } from './messages.js';
import { executeRun } from './runCase.js';
import '../registry/backends.js';

/** Outcome of one run of one case on one backend. */
export interface ParityResult {
  readonly case: string;
  /** Index of the run in `case.json`. */
  readonly run: number;
  /** Absent where `case.json` does not say. */
  readonly method?: string;
  readonly mode?: string;
  readonly backend: string;
  readonly holds: boolean;
  readonly comparisons: readonly Comparison[];
  /** Why the run could not be executed. */
  readonly error?: string;
}

export interface ParityReport {
  readonly results: readonly ParityResult[];
  /** Cases that hold documentation and no runs. */
  readonly documentationOnly: readonly string[];
  readonly holds: boolean;
}

export interface ParityOptions {
  /** Backends by name; default: the one that `loadBackend` chooses. */
  readonly backends?: readonly string[];
  readonly onResult?: (result: ParityResult) => void;
}

/**
 * Runs reference cases (folders, or folders of folders) and compares each with its goldens. `holds` only if every
 * run of every case holds on every backend.
 */
export async function runParity(paths: readonly string[], options: ParityOptions = {}): Promise<ParityReport> {
  const cases = (await Promise.all(paths.map(readCases))).flat();
  const results: ParityResult[] = [];
  const wanted = options.backends ?? [undefined];
  const load = (name: string | undefined) => loadBackend(name, { requestedBy: '--backend' });
  // A backend that does not load must not show only after the runs of those before it.
  if (wanted.length > 1) for (const name of wanted) await load(name);
  for (const name of wanted) {
    const backend = await load(name);
    await useBackend(backend);
    for (const parityCase of cases) {
      for (const [index, entry] of parityCase.entries.entries()) {
        const result = { ...(await attempt(parityCase, entry)), run: index, backend: backend.name };
        results.push(result);
        options.onResult?.(result);
      }
    }
  }
  const documentationOnly = cases.filter(({ entries }) => entries.length === 0).map(({ name }) => name);
  const nothingRan = results.length === 0 && documentationOnly.length < cases.length;
  return { results, documentationOnly, holds: !nothingRan && results.every(({ holds }) => holds) };
}

async function attempt(parityCase: ParityCase, entry: ParityEntry) {
  if ('problem' in entry) {
    const { problem, ...names } = entry;
    return { case: parityCase.name, ...names, comparisons: [], holds: false, error: problem };
  }
  const { run } = entry;
  const about = { case: parityCase.name, method: run.method, mode: run.mode };
  try {
    const comparisons = await executeRun(parityCase, run);
    return { ...about, comparisons, holds: comparisons.length > 0 && comparisons.every(({ holds }) => holds) };
  } catch (error) {
    return { ...about, comparisons: [], holds: false, error: reasonOf(error) };
  }
}

/** What is wrong with the case's files; anything else is a bug and is thrown on. */
function reasonOf(error: unknown): string {
  if (error instanceof LeantuneError) return error.message;
  if (error instanceof Error && 'syscall' in error) return parityMessages.noFile(error.message);
  throw error;
}

/** One line a run, then one for every tensor that does not hold (or for all with `verbose`). */
export function formatParityResult(result: ParityResult, verbose = false): string {
  const worst = result.comparisons.reduce<Comparison | undefined>(
    (found, comparison) => (found === undefined || strain(comparison) > strain(found) ? comparison : found),
    undefined,
  );
  const names = [result.case, result.method, result.mode, result.backend].filter((name) => name !== undefined);
  const head = `${result.holds ? 'ok  ' : 'FAIL'} ${names.join(' · ')}`;
  const summary =
    result.error ??
    `${result.comparisons.length} tensors, tightest ${worst === undefined ? 'none' : formatComparison(worst)}`;
  const shown = result.comparisons.filter((comparison) => verbose || !comparison.holds);
  return [`${head} · ${summary}`, ...shown.map((comparison) => `       ${formatComparison(comparison)}`)].join('\n');
}

/** How much of its tolerance a comparison uses. */
function strain({ error, tolerance, holds }: Comparison): number {
  if (error === undefined) return holds ? 0 : Infinity;
  return tolerance === 0 ? error : error / tolerance;
}

function formatComparison({ tensor, error, tolerance, measure, note }: Comparison): string {
  if (error === undefined) return `${tensor}: ${note ?? 'not compared'}`;
  return `${tensor}: error ${error.toExponential(1)} of ${tolerance.toExponential(0)} (${measure})`;
}

/** Last lines of the report. */
export function formatParitySummary({ results, documentationOnly }: ParityReport): string {
  const failed = results.filter(({ holds }) => !holds).length;
  const skipped = documentationOnly.map((name) => `${name}: ${parityMessages.documentationOnly()}`);
  return [...skipped, `${results.length - failed} of ${results.length} runs hold`].join('\n');
}
