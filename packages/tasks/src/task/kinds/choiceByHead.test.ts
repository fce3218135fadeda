/** Questions with choices as an encoder with a head reads them: pairs written out by hand, scores of a real model. */
import { predict } from '@leantune/core';
import { randomModel, readModelConfig } from '@leantune/models';
import { describe, expect, it } from 'vitest';
import { describeOnBackends } from '../../../../core/src/testing/backends.js';
import { Batcher } from '../../batching/batcher.js';
import type { ChoiceRow } from '../../data/dataset.js';
import { characterTokenizer } from '../../testing/characterTokenizer.js';
import type { ChoiceDeclaration } from '../declaration.js';
import { getTask } from '../registry.js';
import { choiceByHeadKind } from './choiceByHead.js';
import { headsOf, kindWith } from './registry.js';

const declarationOf = (name: string) => getTask(name) as ChoiceDeclaration;
const options = { tokenizer: characterTokenizer, maxLength: 32 };
const ids = (text: string) => Array.from(text, (character) => character.codePointAt(0)!);
/** Texts of the pairs of a task's row, as its tokens spell them. */
function pairsOf(task: string, row: ChoiceRow): string[] {
  const [example] = choiceByHeadKind.encode(declarationOf(task), [row], { ...options, maxLength: 99 }).examples;
  return [example!, ...example!.otherChoices!].map(({ inputIds, tokenTypeIds }) =>
    Array.from(inputIds, (id, place) => {
      const mark = tokenTypeIds![place] === 0 ? '|' : '¦';
      return id <= 2 ? mark : String.fromCodePoint(id);
    }).join(''),
  );
}

const rows: ChoiceRow[] = [
  { question: 'Why?', choices: ['Because', 'So'], label: 1 },
  { question: 'No answer', choices: ['a', 'b'], label: -1 },
  { question: 'Who?', choices: ['I', 'You', 'They'], label: 0 },
];

describe('pairs of an encoder', () => {
  it('are the question with each choice', () => {
    expect(pairsOf('openbookqa', rows[0]!)).toEqual(['|Why?|Because¦', '|Why?|So¦']);
    expect(pairsOf('sciq', { ...rows[0]!, support: 'As it is.' })[1]).toBe('|As it is. Why?|So¦');
  });

  it('are the two sides of a gap that the choices fill', () => {
    const row = { question: 'Ann saw Eve and _ waved.', choices: ['Ann', 'Eve'], label: 1 };
    expect(pairsOf('winogrande', row)).toEqual(['|Ann saw Eve and |Ann waved.¦', '|Ann saw Eve and |Eve waved.¦']);
  });

  it('stand in consecutive rows; a missing choice is masked, a row without the right one left out', () => {
    const { examples, labels } = choiceByHeadKind.encode(declarationOf('arc_easy'), rows, options);
    const batch = new Batcher(examples, { size: 2, order: 'rows', padTokenId: 0, labels }).batch(0, 0);
    expect(batch).toMatchObject({ size: 6, length: 14, indices: [0, 1] });
    expect(batch.labels).toEqual({ dtype: 'int32', shape: [2], data: Int32Array.of(1, 0) });
    const mask = batch.inputs.choiceMask;
    expect(mask).toEqual({ dtype: 'int32', shape: [2, 3], data: Int32Array.of(1, 1, 0, 1, 1, 1) });
    const row = (index: number) => [...batch.inputs.inputIds!.data.subarray(14 * index, 14 * (index + 1))];
    expect(row(1)).toEqual([1, ...ids('Why?'), 2, ...ids('So'), 2, 0, 0, 0, 0, 0]);
    expect(row(2)).toEqual(row(0)); // stands in, so that no row is empty
    expect(row(5)).toEqual([1, ...ids('Who?'), 2, ...ids('They'), 2, 0, 0, 0]);
    const even = new Batcher(examples.slice(0, 1), { size: 2, order: 'rows', padTokenId: 0, labels }).batch(0, 0);
    expect(Object.keys(even.inputs)).toEqual(['inputIds', 'attentionMask', 'tokenTypeIds']);
  });

  it('take no prompts', () => {
    const check = choiceByHeadKind.check!;
    expect(() => check(declarationOf('piqa'), { trainTemplate: 'meft' })).toThrow(
      'piqa: trainTemplate is for language',
    );
    expect(() => check(declarationOf('piqa'), { shots: 3 })).toThrow('piqa: shots is for language models');
    expect(() => check(declarationOf('piqa'), { shots: 0 })).not.toThrow();
  });

  it('are a second way of every task with choices, and of no other', () => {
    const heads = headsOf(getTask('openbookqa'));
    expect(heads).toEqual([{ kind: 'causal-lm' }, { kind: 'multiple-choice' }]);
    expect(kindWith(getTask('openbookqa'), heads[1]!)).toBe(choiceByHeadKind);
    expect(kindWith(getTask('rte'), heads[1]!)).toBeUndefined();
    expect(kindWith(getTask('mnli'), { kind: 'classification', numberOfLabels: 2 })).toBeUndefined();
  });
});

await describeOnBackends('scores of an encoder', () => {
  it('are those of every question alone, whatever stands beside it', async () => {
    const config = { model_type: 'bert', vocab_size: 256, max_position_embeddings: 64, initializer_range: 0.3 };
    const sizes = { hidden_size: 16, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 32 };
    const model = randomModel(readModelConfig({ ...config, ...sizes }), { kind: 'multiple-choice' }, 3);
    const questions: ChoiceRow[] = Array.from({ length: 9 }, (_, index) => ({
      question: `Question ${index * 7919}?`,
      choices: Array.from({ length: 2 + (index % 3) }, (_, choice) => `${'abcd'[choice]}${index * choice}`),
      label: index % 2,
      subject: index < 4 ? 'anatomy' : 'virology',
    }));
    const encoded = () => choiceByHeadKind.encode(declarationOf('arc_easy'), questions, options);
    const scored = { split: 'test', rows: questions, rowsOf: () => [], encoded };
    const score = await choiceByHeadKind.evaluate(declarationOf('arc_easy'), model, scored, { ...options, size: 4 });
    const right = questions.map((question) => {
      const { examples, labels } = choiceByHeadKind.encode(declarationOf('arc_easy'), [question], options);
      const { logits } = predict(
        model,
        new Batcher(examples, { size: 1, order: 'rows', padTokenId: 0, labels }).batch(0, 0),
      );
      return logits.indexOf(Math.max(...logits)) === question.label ? 1 : 0;
    });
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(score.metrics).toEqual({ acc: mean(right) });
    expect(score.groups?.anatomy?.metrics.acc).toBe(mean(right.slice(0, 4)));
    expect(new Set(right).size).toBe(2);
    model.release();
  });
});
