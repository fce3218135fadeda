import { expect, it } from 'vitest';
import { methodProblems } from '../index.js';
import { getMethod } from '../contract/registry.js';
import { evaluateFormula, formulaNames } from './formula.js';

const values = { B: 2, T: 3, H: 8, length: 5, reduction: 4 };

it.each([
  ['0', 0],
  ['3·B·T·H', 144],
  ['B·T·H/reduction + 1', 13],
  ['2·B·(T + length)·H + B·T·H', 304],
  ['2·B·⌊H/T⌋ + ⌊(H + length)/reduction⌋', 11],
  ['(B + T)·(H + 0.5)/(T + 2)', 8.5],
])('%s', (formula, value) => {
  expect(evaluateFormula(formula, values)).toBe(value);
});

it.each([
  ['B·W', 'found "W"'],
  ['B·', 'found the end'],
  ['(B + T', 'found the end'],
  ['⌊B + T', 'found the end'],
  ['⌊B + T)', 'found ")"'],
  ['B - T', 'found "-"'],
  ['B T', 'found "T"'],
  ['', 'found the end'],
  ['B·toString', 'found "toString"'],
])('%s is refused: %s', (formula, found) => {
  expect(() => evaluateFormula(formula, values)).toThrow(found);
});

it('names what it uses, once', () => {
  expect(formulaNames('B·H + 2·B·rank/4 + width2')).toEqual(['B', 'H', 'rank', 'width2']);
});

it('of a method may name its options, and nothing else', () => {
  const lora = getMethod('lora');
  const withFormula = (lean: string) => methodProblems({ ...lora, memory: { layer: [{ what: 'updates', lean }] } });
  expect(withFormula('B·T·rank')).toEqual([]);
  expect(methodProblems({ ...lora, options: undefined, memory: { layer: [{ what: 'x', lean: 'B' }] } })).toEqual([
    expect.stringContaining('options: expected a zod object'),
  ]);
  expect(withFormula('B·T·width')).toEqual([
    'memory.layer.0: formula "B·T·width": expected a sum of products like "2·B·T·(H + width)" of B, T, H, F, A, rank, alpha, dropout, targets, rankStabilized and numbers, found "width"',
  ]);
});
