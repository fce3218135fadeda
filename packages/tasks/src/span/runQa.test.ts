import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { UsageError } from '@leantune/core';
import { loadTokenizer } from '@leantune/models/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { lackingInPython, runPython } from '../../../core/src/testing/python.js';
import type { SpanRow } from '../data/dataset.js';
import { loadTask } from '../task/loadTask.js';
import { characterTokenizer } from '../testing/characterTokenizer.js';
import { emptyEnvironment } from '../testing/glueFolder.js';
import { missingShared, sharedPath } from '../testing/shared.js';
import { windowsOf } from './windows.js';

interface ReferenceWindow {
  readonly ids: readonly number[];
  readonly types: readonly number[];
  readonly offsets: readonly (readonly [number, number])[];
  readonly label: readonly [number, number];
}

/** Accents of both kinds, CJK, Hangul in parts, emoji with joiners, no-break and wide spaces, signs without a name. */
const strange = [
  'Café\u00a0Zoë opened in 1930s Zürich; «naïve» cafe\u0301s followed the 50th.',
  '東京タワーは1958年に完成した。 高さ333m\u3000です。',
  'A 👩‍👩‍👧 family 😀😀 and ½ of İstanbul’s ΟΔΟΣ, 한국어 \u1112\u1161\u11ab글.',
  'Zero\u200bwidth \ufeff mark\u0000ed \ufffd a\u030a\u0323b नमस्ते \ud83d\ude00\u0301 <mask> [SEP] </s> end "quoted,".',
  '  Two  spaces,\n\nlines\tand tabs \r\n— don’t; we\'ll see (Levi\'s), "x", y\\",".  ',
];

/** Answers that begin and end with every word. */
const strangeRows: readonly SpanRow[] = strange.flatMap((context, index) =>
  [...context.matchAll(/[^\s]+/gu)].map(({ 0: text, index: start }) => ({
    id: `${index}:${start}`,
    context,
    question: ' \u00a0What is é, 東 and 😀?',
    answers: [{ text, start }],
  })),
);

const tokenizers = ['bert-base-uncased', 'roberta', 'gpt2', 'opt-125m'];
const lacking =
  lackingInPython('transformers') ?? missingShared('data/qa/squad', ...tokenizers.map((name) => `tokenizers/${name}`));

/** Longest inputs with their overlaps: `run_qa`'s own, and one that makes many windows. */
const settings = [
  { maxLength: 384, stride: 128 },
  { maxLength: 96, stride: 32 },
];

describe.skipIf(lacking !== undefined)(`windows and those of run_qa${lacking ? ` (${lacking})` : ''}`, () => {
  let rows: readonly SpanRow[];
  let expected: readonly (readonly (readonly ReferenceWindow[])[])[];

  // Once for all: Python takes longer to import transformers than to make the windows.
  beforeAll(async () => {
    const squad = await loadTask('squad', { dataFolder: sharedPath('data'), environment: emptyEnvironment });
    // Every 50th question is from nearly every article.
    const ofSquad = (squad.rows('dev') as readonly SpanRow[]).filter((_, row) => row % 50 === 0);
    expect(ofSquad.length).toBeGreaterThan(200);
    rows = [...ofSquad, ...strangeRows];
    const asked = rows.map(({ question, context, answers }) => {
      const { text: answer, start } = answers[0]!;
      return { question, context, answer, start };
    });
    const cases = tokenizers.flatMap((name) =>
      settings.map((each) => ({ ...each, folder: sharedPath('tokenizers', name), rows: asked })),
    );
    const folder = mkdtempSync(join(tmpdir(), 'leantune-run-qa-'));
    try {
      const file = join(folder, 'cases.json');
      writeFileSync(file, JSON.stringify(cases));
      expected = JSON.parse(await runPython([join(import.meta.dirname, 'runQaReference.py'), file])) as typeof expected;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 180_000);

  it.each(
    tokenizers.flatMap((name, index) => settings.map((each, place) => [name, each.maxLength, 2 * index + place])),
  )('agree in ids, types, offsets and labels: %s, %i tokens', { timeout: 60_000 }, async (name, maxLength, place) => {
    const tokenizer = await loadTokenizer(sharedPath('tokenizers', String(name)));
    const found: ReferenceWindow[][] = rows.map(() => []);
    for (const { example, pieces, row } of windowsOf(rows, tokenizer, Number(maxLength))) {
      const [first, last] = example.label as Int32Array;
      found[row]!.push({
        ids: [...example.inputIds],
        types: [...example.tokenTypeIds!],
        offsets: pieces.map(({ start, end }) => [start, end] as const),
        label: [first!, last!],
      });
    }
    const wanted = expected[Number(place)]!;
    const differing = rows.flatMap((_, row) => (isDeepStrictEqual(found[row], wanted[row]) ? [] : [row]));
    // One whole row says more than a list of numbers.
    const [example] = differing;
    if (example !== undefined) expect(found[example]).toEqual(wanted[example]);
    expect(differing).toEqual([]);
  });
});

describe('windows', () => {
  it('need a tokenizer that knows the places of its tokens', () => {
    const row = { id: 'q', context: 'a b', question: 'c?', answers: [{ text: 'b', start: 2 }] };
    expect(() => windowsOf([row], characterTokenizer, 32)).toThrow(UsageError);
  });

  it.skipIf(!existsSync(sharedPath('tokenizers/bert-base-uncased')))(
    'share half of their room where the question leaves less than they would share',
    async () => {
      const tokenizer = await loadTokenizer(sharedPath('tokenizers/bert-base-uncased'));
      const context = Array.from({ length: 40 }, (_, index) => `w${index % 10}`).join(' ');
      const row = { id: 'q', context, question: 'who '.repeat(19), answers: [{ text: 'w0', start: 0 }] };
      // 19 of the question, 3 special ones: 10 of 32 are left, a third of 32 is 10.
      const windows = windowsOf([row], tokenizer, 32);
      expect(windows.slice(0, -1).every(({ pieces }) => pieces.length === 10)).toBe(true);
      expect(windows[1]!.pieces[0]).toEqual(windows[0]!.pieces[5]);
    },
  );
});
