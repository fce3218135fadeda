import { readFile } from 'node:fs/promises';
import { CorruptFileError } from '@leantune/core';
import * as messages from '../messages.js';

/** The parsed content of a JSON file. @throws CorruptFileError where it is no JSON. */
export async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = messages.fileNotJson(file, cause instanceof Error ? cause.message : String(cause));
    throw new CorruptFileError(message, {
      code: 'LEANTUNE_NOT_JSON',
      file,
      remedy: messages.remedyDownloadAgain(),
      cause,
    });
  }
}
