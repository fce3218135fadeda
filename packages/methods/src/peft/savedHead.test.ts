import { useBackend } from '@leantune/core';
import { loadBackend } from '@leantune/core/node';
import type { TransformerModel } from '@leantune/models';
import { beforeAll, describe, expect, it } from 'vitest';
import { tinyModels } from '../testing/tinyModels.js';
import { peftTaskType } from './describe.js';
import { allModulesToSave, savedParameters, savesHead, trainedHeadModules } from './savedHead.js';

beforeAll(async () => useBackend(await loadBackend('meta')));

function withTiny<Result>(name: string, use: (model: TransformerModel) => Result): Result {
  const model = tinyModels.find((tiny) => tiny.name === `tiny ${name}`)!.make();
  const result = use(model);
  model.release();
  return result;
}

const taken = (name: string, modulesToSave: readonly string[]) =>
  withTiny(name, (model) => [...model.namedParameters()].map(([key]) => key).filter(savesHead(model, modulesToSave)));

// What each expects is what PEFT 0.21.2 stores (node/peft.test.ts compares with the library itself).
describe('the head in an adapter file', () => {
  it.each([
    ['BERT', ['classifier', 'score'], ['classifier.weight', 'classifier.bias']],
    [
      'DistilBERT',
      ['classifier', 'score'],
      ['pre_classifier.weight', 'pre_classifier.bias', 'classifier.weight', 'classifier.bias'],
    ],
    ['DistilBERT', ['pre_classifier'], ['pre_classifier.weight', 'pre_classifier.bias']],
    ['RoBERTa', ['proj'], ['classifier.out_proj.weight', 'classifier.out_proj.bias']],
    ['RoBERTa', ['classifier.dense'], ['classifier.dense.weight', 'classifier.dense.bias']],
    // Neither the beginning of a path nor a parameter's own name.
    ['BERT', ['class', 'bias', 'query'], []],
    ['BART', ['classifier', 'score'], []],
  ])('of %s is found by the ends %j', (name, modulesToSave, expected) => {
    expect(taken(name, modulesToSave).sort()).toEqual([...expected].sort());
  });

  it('has what PEFT adds for a type of task, each once', () => {
    expect(allModulesToSave(null, 'SEQ_CLS')).toEqual(['classifier', 'score']);
    expect(allModulesToSave(['score', 'pooler'], 'SEQ_CLS')).toEqual(['score', 'pooler', 'classifier']);
    expect(allModulesToSave(undefined, 'QUESTION_ANS')).toEqual(['qa_outputs']);
    expect(allModulesToSave(undefined, 'CAUSAL_LM')).toEqual([]);
    expect(allModulesToSave(['pooler'], undefined)).toEqual(['pooler']);
  });

  it.each([
    ['BART', /^classification_head\./, ['classification_head'], 4, 'SEQ_CLS'],
    ['BART', /^nothing/, null, 0, 'SEQ_CLS'],
    ['BART', /out_proj\.weight/, ['classification_head.out_proj'], 2, 'SEQ_CLS'],
    ['BERT', /^classifier/, ['classifier'], 2, 'SEQ_CLS'],
    ['BERT', /^classifier\.bias/, ['classifier'], 2, 'SEQ_CLS'],
    // PEFT would look for the head that the file has not, were the task named.
    ['BERT', /^nothing/, null, 0, null],
    ['RoBERTa', /^classifier\.dense/, ['classifier.dense'], 2, null],
    // PEFT takes pre_classifier for it as well.
    ['DistilBERT', /^classifier/, ['classifier'], 4, 'SEQ_CLS'],
    ['DistilBERT', /^pre_classifier/, ['pre_classifier'], 2, null],
    ['Llama', /^nothing/, null, 0, 'CAUSAL_LM'],
  ])('of %s that trains %s is named as far as it is held', (name, pattern, modules, count, taskType) => {
    withTiny(name, (model) => {
      const head = (key: string) => model.isHeadParameter(key) && pattern.test(key);
      model.setTrained(head);
      expect(trainedHeadModules(model)).toEqual(modules);
      const saved = savedParameters(model).map(([key]) => key);
      expect(saved).toHaveLength(count);
      expect(saved.every(savesHead(model, modules ?? []))).toBe(true);
      expect(peftTaskType(model)).toBe(taskType);
    });
  });
});
