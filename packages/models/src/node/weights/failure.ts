import { LeantuneError } from '@leantune/core';
import * as messages from '../../messages.js';

/** An answer that is no success. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    url: string,
    /** What the hub says in its header `x-error-code`. */
    readonly hubCode?: string,
  ) {
    super(messages.httpStatus(status, new URL(url).host));
  }
}

/** The hub answered, and the answer is no: the model or revision is not there, or not for everybody. */
export class HubRefusal extends Error {
  constructor(
    readonly kind: 'absent' | 'gated',
    message: string,
    cause: Error,
  ) {
    super(message, { cause });
  }
}

/** Bytes that came are not the ones that were asked for; fetching them again from the start may help once. */
export class WrongBytesError extends Error {}

/** A transfer broke off; asking again may well succeed. */
export class BrokenTransferError extends Error {}

export interface Failure {
  readonly reason: string;
  /** Whether the same request may well succeed a moment later. */
  readonly transient: boolean;
}

const network = /^(ENOTFOUND|EAI_|ECONN|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|EPIPE|UND_ERR|HPE_|.*CERT|UNABLE_TO)/;

/** Network conditions that do not pass in seconds: no name, no route, nobody listening, a certificate nobody signed. */
const lasting =
  /^(ENOTFOUND|EAI_|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|.*CERT|UNABLE_TO)/;

/** Puts what `fetch` and the hub's library throw into a short reason. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof WrongBytesError || error instanceof HubRefusal || error instanceof LeantuneError)
    return { reason: error.message, transient: false };
  if (error instanceof BrokenTransferError) return { reason: error.message, transient: true };
  if (!(error instanceof Error)) return { reason: String(error), transient: false };
  const status = statusOf(error);
  if (status !== undefined) {
    return { reason: error.message, transient: status >= 500 || status === 408 || status === 429 };
  }
  if (error.name === 'TimeoutError') return { reason: messages.noAnswer(), transient: false };
  const code = codeOf(error);
  // Not the network: a full or read-only disk, a token that is none.
  if (code === undefined || !network.test(code)) return { reason: withCause(error), transient: false };
  return { reason: messages.networkFailure(code), transient: !lasting.test(code) };
}

function statusOf(error: Error): number | undefined {
  if (error instanceof HttpError) return error.status;
  // HubApiError of @huggingface/hub.
  return 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return codeOf(error.cause);
}

function withCause(error: Error): string {
  // `fetch` says only that it failed; the reason is below.
  return error instanceof TypeError && error.cause instanceof Error
    ? `${error.message}: ${error.cause.message}`
    : error.message;
}
