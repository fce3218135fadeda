import { isLoaded, metaProvider, useBackend } from '@leantune/core';
import { beforeAll, expect, it } from 'vitest';
import { applyMethods } from '../index.js';
import { classification, tinyBert } from '../testing/tinyBert.js';

beforeAll(async () => {
  const meta = await metaProvider().load();
  if (!isLoaded(meta)) throw new Error(meta.reason);
  await useBackend(meta);
});

const apply = (spelling: string, maxLength?: number) => () => {
  const model = tinyBert(classification).make(); // 16 positions
  try {
    applyMethods(model, spelling, { seed: 0, maxLength });
  } finally {
    model.release();
  }
};

it('refuses more selected tokens than the longest input has, and no selection that only short rows cannot fill', () => {
  expect(apply('tokentune(tokens=13)', 12)).toThrow(
    'tokentune: tokens=13 does not fit: inputs have at most 12 tokens; the nearest value is 12',
  );
  expect(apply('tokentune(tokens=12)', 12)).not.toThrow();
  expect(apply('tokentune', 12)).not.toThrow(); // 16 by default: all tokens of shorter rows
  expect(apply('tokentune(tokens=99)')).not.toThrow(); // the longest input is not known
});

it.each(['prefix(length=5)', 'prompt(length=5)', 'mam(length=5,projection=8,width=8)'])(
  'refuses %s where too few positions are left',
  (spelling) => {
    expect(apply(spelling, 12)).toThrow(
      "length=5 does not fit: with inputs of up to 12 tokens it exceeds the model's 16 positions; the nearest value is 4, or a smaller maximum length",
    );
    expect(apply(spelling, 11)).not.toThrow();
    expect(apply(spelling, 16)).toThrow("inputs of up to 16 tokens fill the model's 16 positions");
  },
);
