/** `leantune data clean`: removes encoded rows, which runs make anew; datasets stay. */
import { cleanEncodedCache, encodedCacheFolder } from '@leantune/tasks';
import { dataMessages } from '../../messages/data.js';
import type { DataInput } from './data.js';

export function cleanData({ terminal }: DataInput): Promise<number> {
  const { entries, bytes } = cleanEncodedCache();
  terminal.out(`${dataMessages.cleaned(entries, bytes, encodedCacheFolder())}\n`);
  return Promise.resolve(0);
}
