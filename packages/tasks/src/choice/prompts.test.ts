/** Prompts of every task with choices, written out by hand from lm-evaluation-harness' templates and MEFT's code. */
import { ignoredLabel } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import type { ChoiceRow } from '../data/dataset.js';
import { characterTokenizer } from '../testing/characterTokenizer.js';
import { choiceKind, withWarnings } from '../task/kinds/choice.js';
import type { ChoiceDeclaration } from '../task/declaration.js';
import { getTask } from '../task/registry.js';
import { encodePair } from './encodePair.js';
import { promptsOf } from './fewShot.js';
import { scoreChoices } from './scoreChoices.js';
import { charactersOf } from './template.js';

const declarationOf = (name: string) => getTask(name) as ChoiceDeclaration;
const row: ChoiceRow = { question: 'Why?', choices: ['Because', 'So'], label: 1 };
const ids = (text: string) => Array.from(text, (character) => character.codePointAt(0)!);

describe('templates', () => {
  it.each([
    ['openbookqa', 'Why?', ' So'],
    ['arc_easy', 'Question: Why?\nAnswer:', ' So'],
    ['piqa', 'Question: Why?\nAnswer:', ' So'],
    ['sciq', '\nQuestion: Why?\nAnswer:', ' So'],
    ['hellaswag', 'Why?', ' So'],
  ])('of %s', (name, context, answer) => {
    const { harness } = declarationOf(name).templates;
    expect(harness.context(row, 1)).toBe(context);
    expect(harness.delimiter + harness.target(row, 1)).toBe(answer);
  });

  it.each([
    ['openbookqa', 'Why?'],
    ['piqa', 'Question: Why? Answer:'],
    ['arc_challenge', 'Question: Why?\nAnswer:'],
    ['sciq', '\nQuestion: Why?\nAnswer:'],
  ])('of MEFT for %s put no space before the answer', (name, context) => {
    const meft = declarationOf(name).templates.meft!;
    expect(meft.context(row, 1) + meft.delimiter + meft.target(row, 1)).toBe(`${context}So`);
  });

  it('of WinoGrande score the same ending after both fillings', () => {
    const { harness } = declarationOf('winogrande').templates;
    const gap: ChoiceRow = { question: 'Ann called Bea, but _ was out .', choices: ['Ann', 'Bea'], label: 1 };
    expect([0, 1].map((choice) => harness.context(gap, choice))).toEqual([
      'Ann called Bea, but Ann',
      'Ann called Bea, but Bea',
    ]);
    expect(harness.target(gap, 0)).toBe('was out .');
  });

  it('of MMLU put solved examples of the subject first, in their order', () => {
    const declaration = declarationOf('mmlu');
    const examples = [
      { question: 'Q1 ', choices: ['a', 'b', 'c', 'd'], label: 2, subject: 'world_religions' },
      { question: 'Other', choices: ['a', 'b', 'c', 'd'], label: 0, subject: 'virology' },
      { question: 'Q2', choices: ['a', 'b', 'c', 'd'], label: 0, subject: 'world_religions' },
    ];
    const own = { question: 'Q3', choices: ['a', 'b', 'c', 'd'], label: 0, subject: 'world_religions' };
    const { harness } = declaration.templates;
    expect(promptsOf([own], harness, 2, examples, 'first')).toEqual([
      'The following are multiple choice questions (with answers) about world religions.\n\n' +
        'Q1\nA. a\nB. b\nC. c\nD. d\nAnswer: C\n\nQ2\nA. a\nB. b\nC. c\nD. d\nAnswer: A\n\n',
    ]);
    expect(() => promptsOf([own], harness, 3, examples, 'first')).toThrow('3 solved examples asked for, 2 found');
  });

  it('draw other examples for every row, and never the row itself', () => {
    const rows = Array.from({ length: 30 }, (_, index): ChoiceRow => ({ ...row, question: `Q${index}` }));
    const { harness } = declarationOf('piqa').templates;
    const prompts = promptsOf(rows, harness, 3, rows, 'random-but-itself');
    expect(new Set(prompts).size).toBe(30);
    prompts.forEach((prompt, index) => {
      expect(prompt.split('\n\n')).toHaveLength(4);
      expect(prompt).not.toContain(`Question: Q${index}\n`);
    });
  });
});

describe('tokens', () => {
  it('are cut at the length of the context, whose last spaces go to the answer', () => {
    const tokenizer = { ...characterTokenizer, bosTokenId: 1, eosTokenId: undefined };
    // The tokenizer frames a text with 1 and 2: the end that the context has is part of its length.
    const pair = encodePair(tokenizer, 'ab ', 'c', { specialTokens: true });
    expect(pair).toEqual({ context: [1, 97, 98, 2], continuation: [99, 2] });
    expect(encodePair(tokenizer, '', 'c')).toMatchObject({ context: [1] });
  });

  it('of MEFT are cut one by one, and only the answer is learnt', () => {
    const options = { tokenizer: characterTokenizer, maxLength: 4, trainTemplate: 'meft' };
    const { examples, maxLength, labels } = choiceKind.encode(declarationOf('openbookqa'), [row], options);
    expect([maxLength, labels]).toEqual([8, 'tokens']);
    const learnt = [...(examples[0]!.label as Int32Array)];
    expect(learnt.slice(0, 4)).toEqual(new Array(4).fill(ignoredLabel));
    expect(learnt.slice(4)).toEqual([1, ...ids('So'), 2]);
  });

  it('of a context that is too long are lost on the left', () => {
    const options = { tokenizer: characterTokenizer, maxLength: 6 };
    const [example] = choiceKind.encode(declarationOf('openbookqa'), [row], options).examples;
    expect(example!.inputIds).toHaveLength(6);
    expect([...(example!.label as Int32Array)].at(-1)).toBe(2);
  });

  it('names the nearest template, and refuses examples where there are none', () => {
    const check = choiceKind.check!;
    expect(() => check(declarationOf('openbookqa'), { trainTemplate: 'meff' })).toThrow('did you mean "meft"?');
    expect(() => check(declarationOf('truthfulqa_mc2'), { shots: 5 })).toThrow('5 solved examples asked for');
  });
});

describe('scores', () => {
  const characters = charactersOf(declarationOf('openbookqa').templates.harness);

  it('take the first of equals, and divide by characters for acc_norm', () => {
    const score = scoreChoices(
      declarationOf('openbookqa'),
      'test',
      [row, row],
      [
        [-7, -7],
        [-6.9, -7],
      ],
      characters,
    );
    // Because: 7 characters, So: 2.
    expect(score.metrics).toEqual({ acc: 0, acc_norm: 0 });
    const other = scoreChoices(declarationOf('openbookqa'), 'test', [row], [[-7, -1.9]], characters);
    expect(other.metrics).toEqual({ acc: 1, acc_norm: 1 });
  });

  it('warn of answers without a token, at which lm-evaluation-harness stops', () => {
    const declaration = declarationOf('openbookqa');
    const score = scoreChoices(declaration, 'test', [row], [[-7, 0]], characters);
    expect(withWarnings(score, declaration, 0, 0).warnings).toBeUndefined();
    expect(withWarnings(score, declaration, 0, 1).warnings).toEqual([
      'openbookqa, split "test": 1 answers have no token of their own with this tokenizer, since one crosses the border to the question; their likelihood counts as 1, so that such a choice wins by likelihood; lm-evaluation-harness stops here',
    ]);
  });

  it('carry the standard error of lm-evaluation-harness', () => {
    const rows = [0, 1, 1, 0, 1].map((label) => ({ ...row, label }));
    const found = rows.map(() => [-2, -1]);
    const { metrics, standardErrors } = scoreChoices(declarationOf('openbookqa'), 'test', rows, found, characters);
    expect(metrics.acc).toBeCloseTo(0.6, 12);
    // Sample variance of 0, 1, 1, 0, 1 is 0.3.
    expect(standardErrors.acc).toBeCloseTo(Math.sqrt(0.3 / 5), 12);
  });

  it('of mc2 are the share of the true answers', () => {
    const several = { question: '', choices: ['a', 'b', 'c'], label: 0, truths: [1, 0, 1] };
    const score = scoreChoices(
      declarationOf('truthfulqa_mc2'),
      'dev',
      [several],
      [[Math.log(0.1), Math.log(0.2), Math.log(0.3)]],
    );
    expect(score.metrics.acc).toBeCloseTo(4 / 6, 12);
  });

  it('of MMLU come by category and subject, too', () => {
    const rows = ['anatomy', 'virology', 'anatomy'].map((subject) => ({ ...row, choices: ['a', 'b'], subject }));
    const found = [
      [-2, -1],
      [-1, -2],
      [-1, -2],
    ];
    const score = scoreChoices(declarationOf('mmlu'), 'test', rows, found);
    expect(Object.entries(score.groups!).map(([name, { rows: count, metrics }]) => [name, count, metrics.acc])).toEqual(
      [
        ['stem', 2, 0.5],
        ['other', 1, 0],
        ['anatomy', 2, 0.5],
        ['virology', 1, 0],
      ],
    );
    expect(score.metrics.acc).toBeCloseTo(1 / 3, 12);
  });
});
