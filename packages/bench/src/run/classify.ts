/** How a cell's process ended → status. Out of memory has many faces; all of them become `oom`. */
import { cellOutcomeSchema } from '../cell/contract.js';
import type { CellOutcome } from '../cell/contract.js';
import type { FromCell, ReportedError } from '../cell/protocol.js';
import { messages } from '../messages.js';
import { formatPath } from '../sweep/issues.js';

export interface Ending {
  /** The process's last word, where it had one. */
  readonly final?: Extract<FromCell, { type: 'done' | 'error' | 'interrupted' }> | undefined;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The runner asked it to stop, or killed it. */
  readonly stopRequested: boolean;
  /** End of what the process wrote to stdout and stderr. */
  readonly logTail: string;
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
}

export type Verdict =
  | { readonly status: 'ok'; readonly outcome: CellOutcome }
  | { readonly status: 'oom'; readonly failure: Failure; readonly requestedBytes?: number; readonly freeBytes?: number }
  | { readonly status: 'failed'; readonly failure: Failure }
  | { readonly status: 'interrupted' };

/** What backends say that have no typed error: WebAssembly's 4 GiB, TensorFlow's allocator, the engine's buffers. */
const outOfMemoryMessage =
  /memory access out of bounds|Cannot enlarge memory|WebAssembly\.Memory|Array buffer allocation failed|OOM when allocating|RESOURCE_EXHAUSTED|ResourceExhausted|std::bad_alloc/i;

const heapMessage = /JavaScript heap out of memory|Reached heap limit|invalid table size Allocation failed/;

export function classify(ending: Ending): Verdict {
  const { final } = ending;
  if (final?.type === 'done') return checkOutcome(final.outcome);
  if (final?.type === 'interrupted') return { status: 'interrupted' };
  if (final?.type === 'error') return classifyError(final.error);
  if (ending.stopRequested || ending.signal === 'SIGINT' || ending.signal === 'SIGTERM')
    return { status: 'interrupted' };

  const aborted = ending.signal === 'SIGABRT' || ending.exitCode === 134;
  if (aborted && (heapMessage.test(ending.logTail) || outOfMemoryMessage.test(ending.logTail))) {
    return oom('LEANTUNE_HEAP_OUT_OF_MEMORY', messages.heapExhausted(), messages.heapRemedy());
  }
  if (ending.signal === 'SIGKILL' || ending.exitCode === 137) {
    return oom('LEANTUNE_KILLED', messages.killedBySystem(), messages.killedRemedy());
  }
  return {
    status: 'failed',
    failure: {
      code: 'LEANTUNE_CELL_DIED',
      message: messages.died(
        ending.signal === null ? `exit code ${ending.exitCode ?? 'unknown'}` : `signal ${ending.signal}`,
      ),
    },
  };
}

function oom(code: string, message: string, remedy: string): Verdict {
  return { status: 'oom', failure: { code, message, remedy } };
}

function checkOutcome(outcome: unknown): Verdict {
  const parsed = cellOutcomeSchema.safeParse(outcome);
  if (parsed.success) return { status: 'ok', outcome: parsed.data };
  const detail = parsed.error.issues.map((issue) => `${formatPath(issue.path)}: ${issue.message}`).join('; ');
  return { status: 'failed', failure: { code: 'LEANTUNE_OUTCOME_INVALID', message: messages.outcomeInvalid(detail) } };
}

function classifyError(error: ReportedError): Verdict {
  const failure: Failure = {
    code: error.code,
    message: error.message,
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
  };
  if (error.name === 'OutOfMemoryError' || outOfMemoryMessage.test(error.message)) {
    return {
      status: 'oom',
      failure,
      ...(error.requestedBytes === undefined ? {} : { requestedBytes: error.requestedBytes }),
      ...(error.freeBytes === undefined ? {} : { freeBytes: error.freeBytes }),
    };
  }
  return { status: 'failed', failure };
}
