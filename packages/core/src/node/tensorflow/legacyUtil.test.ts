import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { restoreLegacyUtil } from './legacyUtil.js';

test('CommonJS packages see the functions of util that Node removed', () => {
  restoreLegacyUtil();
  const util = createRequire(import.meta.url)('node:util') as Record<string, (value: unknown) => boolean>;
  expect([null, undefined, 0, '', []].map((value) => util.isNullOrUndefined?.(value))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
  expect([[], {}, 'a', null].map((value) => util.isArray?.(value))).toEqual([true, false, false, false]);
});
