/** Records that are not as published: each is refused with file, line, what is there and what should be. */
import { LeantuneError } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { loadTask } from '../task/loadTask.js';
import { dataFolder, emptyEnvironment } from '../testing/glueFolder.js';

/** Loads the records, one a line; answers the rows of the first split or the error's message without its folder. */
async function load(task: string, file: string, ...records: readonly unknown[]): Promise<unknown> {
  const lines = records.map((record) => JSON.stringify(record));
  const content = file.endsWith('.json') ? `[\n${lines.join(',\n')}\n]` : lines.join('\n');
  const folder = dataFolder({ [file]: content });
  try {
    const loaded = await loadTask(task, { dataFolder: folder, environment: emptyEnvironment });
    return loaded.rows(loaded.reportSplits[0]!);
  } catch (error) {
    expect(error).toBeInstanceOf(LeantuneError);
    const { code, exitCode, message } = error as LeantuneError;
    expect([code, exitCode]).toEqual(['LEANTUNE_RECORD', 3]);
    return message.replace(`${folder}/${file}`, 'FILE');
  }
}

describe('labels of HellaSwag', () => {
  const cleaned = { query: 'A man', choices: ['sits', 'runs', 'eats', 'is out'] };
  const original = { activity_label: 'Roof', ctx_a: 'A man', ctx_b: 'he', endings: cleaned.choices };
  const file = 'hellaswag/validation.jsonl';

  it.each([0, 3, '0', '3', '03'])('take %j', async (label) => {
    expect(await load('hellaswag', file, { ...cleaned, label }, { ...original, label })).toEqual([
      { question: 'A man', choices: cleaned.choices, label: Number(label) },
      { question: 'Roof: A man He', choices: cleaned.choices, label: Number(label) },
    ]);
  });

  const noLabels = ['', ' ', null, [], [1], true, false, '0x2', '1e0', '1.0', '-1', -1, 0.5, {}];
  it.each(noLabels.map((label) => ({ label })))('refuse $label', async ({ label }) => {
    for (const record of [cleaned, original]) {
      expect(await load('hellaswag', file, { ...record, label: 1 }, { ...record, label })).toBe(
        `FILE:2: field "label": ${JSON.stringify(label)} found, expected the number of the right choice, counted from 0`,
      );
    }
  });

  it('refuse a record without one, and one above the choices', async () => {
    expect(await load('hellaswag', file, original)).toMatch(/^FILE:1: field "label": nothing found, expected the num/);
    expect(await load('hellaswag', file, { ...cleaned, label: '4' })).toBe(
      'FILE:1: answer "4" found, expected one of "0", "1", "2", "3"',
    );
  });
});

describe('choices of OpenBookQA and ARC', () => {
  const tasks = [
    ['openbookqa', 'openbookqa/train.jsonl'],
    ['arc_easy', 'arc_easy/train.jsonl'],
  ] as const;
  const flat = (text: readonly string[], label: readonly string[], answerKey = 'A') => ({
    question: 'q',
    choices: { text, label },
    answerKey,
  });
  const nested = (labels: readonly string[], answerKey = 'A') => ({
    question: { stem: 'q', choices: labels.map((label) => ({ text: `text ${label}`, label })) },
    answerKey,
  });

  it.each(tasks)('of %s have a label each', async (task, file) => {
    expect(await load(task, file, flat(['a', 'b', 'c'], ['A', 'B']))).toBe(
      'FILE:1: "choices.label" has 2 items, expected 3 as "choices.text" has',
    );
    expect(await load(task, file, flat(['a'], ['A', 'B']))).toBe(
      'FILE:1: "choices.label" has 2 items, expected 1 as "choices.text" has',
    );
  });

  it.each(tasks)('of %s have labels of their own', async (task, file) => {
    const problem = 'FILE:1: two choices have the label "A", expected different ones';
    expect(await load(task, file, nested(['A', 'B', 'A']))).toBe(problem);
    expect(await load(task, file, flat(['a', 'b'], ['A', 'A']))).toBe(problem);
  });

  it.each(tasks)('of %s are two at least', async (task, file) => {
    const problem = 'FILE:1: 1 choice found, expected at least 2';
    expect(await load(task, file, nested(['A']))).toBe(problem);
    expect(await load(task, file, flat(['a'], ['A']))).toBe(problem);
  });

  it('may all be absent in copies of ARC alone', async () => {
    const empty = nested([], '3');
    expect(await load('openbookqa', 'openbookqa/train.jsonl', empty)).toBe(
      'FILE:1: 0 choices found, expected at least 2',
    );
    const record = JSON.stringify(empty);
    const files = ['train', 'dev', 'test'].map((split) => [`arc_easy/${split}.jsonl`, record]);
    const folder = dataFolder(Object.fromEntries(files) as Record<string, string>);
    const task = await loadTask('arc_easy', { dataFolder: folder, environment: emptyEnvironment });
    expect(task.rows('test')).toEqual([{ question: 'q', choices: [], label: -1 }]);
  });
});

describe.each(['mc1', 'mc2'])('choices of TruthfulQA %s', (set) => {
  const [task, file] = [`truthfulqa_${set}`, 'truthfulqa/mc_task.json'];
  const good = { choices: ['a', 'b', 'c'], labels: [1, 0, 0] };
  const record = (targets: unknown) => ({
    question: 'q',
    mc1_targets: good,
    mc2_targets: good,
    [`${set}_targets`]: targets,
  });

  it('have a label each', async () => {
    for (const labels of [
      [1, 0],
      [1, 0, 0, 0],
    ]) {
      expect(await load(task, file, record(good), record({ choices: good.choices, labels }))).toBe(
        `FILE:3: "${set}_targets.labels" has ${labels.length} items, expected 3 as "${set}_targets.choices" has`,
      );
    }
    expect(await load(task, file, record(good))).toMatchObject([{ question: 'q', choices: good.choices, label: 0 }]);
  });

  it('are two at least', async () => {
    expect(await load(task, file, record({ a: 1 }))).toBe(
      `FILE:2: field "${set}_targets": 1 choice found, expected at least 2`,
    );
  });
});

describe('records of several shapes', () => {
  it.each([
    [
      'a flat one',
      { question: 'q', choices: { text: ['a', ''], label: ['A', 'B'] }, answerKey: 'A' },
      'choices.text.1',
    ],
    ['a nested one', { question: { stem: '', choices: [{ text: '', label: 'A' }] }, answerKey: 'A' }, 'question.stem'],
    ['one without a key', { question: 'q', choices: { text: ['a', 'b'], label: ['A', 'B'] } }, 'answerKey'],
    [
      'one with a number',
      { question: { stem: 'q', choices: [{ text: 'a', label: 1 }] }, answerKey: 'A' },
      'question.choices.0.label',
    ],
  ])('name the field that is amiss in %s', async (_name, record, field) => {
    expect(await load('openbookqa', 'openbookqa/train.jsonl', record)).toMatch(`FILE:1: field "${field}": `);
  });

  it('name fields of shapes inside of others', async () => {
    const targets = { choices: ['a', 'b'], labels: [1, 2] };
    const record = { question: 'q', mc1_targets: { a: 1, b: 0 }, mc2_targets: targets };
    expect(await load('truthfulqa_mc2', 'truthfulqa/mc_task.json', record)).toMatch(
      'FILE:2: field "mc2_targets.labels.1": Too big: expected number to be <=1',
    );
    expect(
      await load('truthfulqa_mc2', 'truthfulqa/mc_task.json', { ...record, mc2_targets: { a: 1, b: '0' } }),
    ).toMatch('FILE:2: field "mc2_targets.b": Invalid input: expected number, received string');
  });

  it('say what a record is that has no fields', async () => {
    expect(await load('openbookqa', 'openbookqa/train.jsonl', 7)).toBe(
      'FILE:1: Invalid input: expected object, received number',
    );
  });
});
