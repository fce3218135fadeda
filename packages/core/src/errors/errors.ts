/**
 * Error classes shared by every package. Each carries a stable `code`, the exit code of the command line
 * (2 usage, 3 environment, 1 everything that failed while running) and, where there is one, the remedy.
 */

export type ExitCode = 1 | 2 | 3;

export interface ErrorDetails {
  /** Stable machine-readable identifier, e.g. `LEANTUNE_UNKNOWN_METHOD`. */
  readonly code: string;
  /** What the user can do about it: one sentence or one command. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** Base of all errors that leantune raises on purpose. */
export class LeantuneError extends Error {
  readonly code: string;
  readonly remedy: string | undefined;
  readonly exitCode: ExitCode = 1;

  constructor(message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = details.code;
    this.remedy = details.remedy;
  }
}

/** The user asked for something that does not exist or cannot be: unknown names, bad options, bad configuration. */
export class UsageError extends LeantuneError {
  override readonly exitCode: ExitCode = 2;
}

/** Something around us is missing or broken: files, downloads, native libraries, corrupt data. */
export class EnvironmentError extends LeantuneError {
  override readonly exitCode: ExitCode = 3;
}

/** A file whose content is not what it should be; names the place (line or byte offset). */
export class CorruptFileError extends EnvironmentError {
  readonly file: string;
  constructor(message: string, details: ErrorDetails & { readonly file: string }) {
    super(message, details);
    this.file = details.file;
  }
}

/** A backend could not allocate. Bytes are absent where the backend does not say. */
export class OutOfMemoryError extends LeantuneError {
  readonly requestedBytes: number | undefined;
  /** What the device had left. */
  readonly freeBytes: number | undefined;
  constructor(
    message: string,
    details: ErrorDetails & { readonly requestedBytes?: number; readonly freeBytes?: number },
  ) {
    super(message, details);
    this.requestedBytes = details.requestedBytes;
    this.freeBytes = details.freeBytes;
  }
}

/** One problem of a configuration: where it is, what is wrong, what was expected, the nearest valid value. */
export interface ConfigurationIssue {
  readonly file?: string;
  readonly line?: number;
  readonly key: string;
  readonly message: string;
  readonly expected?: string;
  readonly nearest?: string;
}

/** All problems of a configuration at once. */
export class ConfigurationError extends UsageError {
  readonly issues: readonly ConfigurationIssue[];
  constructor(issues: readonly ConfigurationIssue[], details?: Partial<ErrorDetails>) {
    super(issues.map(formatConfigurationIssue).join('\n'), { code: 'LEANTUNE_CONFIGURATION', ...details });
    this.issues = issues;
  }
}

/** `file:line: key: message (expected …; did you mean …?)`, leaving out what is not known. */
export function formatConfigurationIssue(issue: ConfigurationIssue): string {
  const place = issue.file === undefined ? '' : `${issue.file}${issue.line === undefined ? '' : `:${issue.line}`}: `;
  const notes = [
    issue.expected === undefined ? undefined : `expected ${issue.expected}`,
    issue.nearest === undefined ? undefined : `did you mean "${issue.nearest}"?`,
  ].filter((note) => note !== undefined);
  return `${place}${issue.key}: ${issue.message}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`;
}
