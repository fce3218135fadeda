import { LeantuneError } from '@leantune/core';

/** The error of ours that `action` ends in; any other end is thrown on. */
export async function errorOf(action: () => unknown): Promise<LeantuneError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof LeantuneError) return error;
    throw error;
  }
  throw new Error('expected an error, but it went well');
}
