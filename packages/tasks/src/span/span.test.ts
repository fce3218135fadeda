import { existsSync } from 'node:fs';
import { loadTokenizer } from '@leantune/models/node';
import { describe, expect, it } from 'vitest';
import type { SpanRow } from '../data/dataset.js';
import { emptyEnvironment } from '../testing/glueFolder.js';
import { missingShared, sharedPath } from '../testing/shared.js';
import { loadTask } from '../task/loadTask.js';
import { answerF1, exactMatch, normalizeAnswer } from './answerMatch.js';
import { bestSpan } from './bestSpan.js';
import { windowsOf } from './windows.js';

describe('answers', () => {
  it('are compared without case, punctuation and articles', () => {
    expect(normalizeAnswer('The  Denver Broncos, an A-team.')).toBe('denver broncos ateam');
    expect(exactMatch('the Denver Broncos', ['Denver Broncos', 'Panthers'])).toBe(1);
    expect(exactMatch('Denver', ['Denver Broncos'])).toBe(0);
    // 2 of 3 words predicted, 2 of 2 found: precision 2/3, recall 1.
    expect(answerF1('big Denver Broncos', ['Denver Broncos', 'x'])).toBeCloseTo(0.8, 12);
    // A word counts as often as it stands in both.
    expect(answerF1('b b b', ['b c'])).toBeCloseTo(2 * (1 / 3) * 0.5 * (6 / 5), 12);
    expect(answerF1('', ['a'])).toBe(0);
  });
});

const BERT = 'tokenizers/bert-base-uncased';
const ROBERTA = 'tokenizers/roberta';
const skipReason = missingShared('data/qa/squad', BERT);

describe.skipIf(skipReason !== undefined)(`windows of SQuAD${skipReason ? ` (skipped: ${skipReason})` : ''}`, () => {
  const squad = loadTask('squad', { dataFolder: sharedPath('data'), environment: emptyEnvironment, devRows: 150 });

  it.each([BERT, ROBERTA].filter((name) => existsSync(sharedPath(name))))(
    'of %s hold the answer where the labels say, and the whole question as the tokenizer has it',
    async (name) => {
      const tokenizer = await loadTokenizer(sharedPath(name));
      const rows = (await squad).rows('dev') as readonly SpanRow[];
      const windows = windowsOf(rows, tokenizer, 128);
      const found = new Set<number>();
      let whole = 0;
      for (const { example, pieces, offset, row } of windows) {
        expect(example.inputIds.length).toBeLessThanOrEqual(128);
        const [first, last] = example.label as Int32Array;
        const own = windows.filter((other) => other.row === row);
        if (own.length === 1) {
          const { inputIds, tokenTypeIds } = tokenizer.encode(rows[row]!.question, rows[row]!.context);
          whole += 1;
          expect([...example.inputIds]).toEqual(inputIds);
          expect([...example.tokenTypeIds!]).toEqual(tokenTypeIds);
        }
        if (last === 0) continue;
        found.add(row);
        const answer = rows[row]!.answers[0]!;
        const text = rows[row]!.context.slice(pieces[first! - offset]!.start, pieces[last! - offset]!.end);
        // Tokens may reach beyond an answer that ends within a word, by a sign or two.
        expect(text).toContain(answer.text);
        expect(text.length - answer.text.length).toBeLessThanOrEqual(12);
      }
      expect(whole).toBeGreaterThan(0);
      expect(found.size).toBe(rows.length);
    },
  );

  it('score a model that knows the answers with nearly 1', async () => {
    const tokenizer = await loadTokenizer(sharedPath(BERT));
    const rows = (await squad).rows('dev') as readonly SpanRow[];
    let exact = 0;
    let labelled = 0;
    for (const window of windowsOf(rows, tokenizer, 256)) {
      const [first, last] = window.example.label as Int32Array;
      if (last === 0) continue;
      const logits = new Float32Array(2 * window.example.inputIds.length);
      logits[2 * first!] = 5;
      logits[2 * last! + 1] = 5;
      const span = bestSpan(window, logits)!;
      const { context, answers } = rows[window.row]!;
      exact += exactMatch(
        context.slice(span.start, span.end),
        answers.map(({ text }) => text),
      );
      labelled += 1;
    }
    expect(exact / labelled).toBeGreaterThan(0.97);
  });
});
