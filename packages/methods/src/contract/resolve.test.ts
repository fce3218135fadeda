import { ConfigurationError, UsageError } from '@leantune/core';
import { z } from 'zod';
import { describe, expect, it } from 'vitest';
import { defineMethod, getMethod, methodNames, parseMethodSpec, registerMethod } from '../index.js';

function messageOf(spelling: string): string[] {
  try {
    parseMethodSpec(spelling);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message.split('\n');
  }
  throw new Error(`accepted: ${spelling}`);
}

describe('parseMethodSpec', () => {
  it('fills in defaults and keeps the spelling as given', () => {
    const spec = parseMethodSpec(' lora( rank = 4 ) + tokentune');
    expect(spec.spelling).toBe('lora(rank=4)+tokentune');
    expect(spec.methods.map(({ definition, options }) => [definition.name, options])).toEqual([
      [
        'lora',
        { rank: 4, alpha: 16, dropout: 0, targets: ['attention.query', 'attention.value'], rankStabilized: false },
      ],
      ['tokentune', { head: 'mean', among: 'all', redraw: true, scaleGradient: false, reference: false }],
    ]);
  });

  it.each([
    ['loar', ['unknown method "loar"; did you mean "lora"?']],
    ['zzzzzzzzzz', [`unknown method "zzzzzzzzzz" (known: ${methodNames().join(', ')})`]],
    [
      'lora(rnak=8)',
      [
        'lora.rnak: unknown option (expected one of rank, alpha, dropout, targets, rankStabilized; did you mean "rank"?)',
      ],
    ],
    [
      'loar+tokentun',
      [
        'loar: no method has this name (did you mean "lora"?)',
        'tokentun: no method has this name (did you mean "tokentune"?)',
      ],
    ],
    ['full(rank=8)', ['full.rank: unknown option (expected no options)']],
    [
      'lora(constructor=8)',
      ['lora.constructor: unknown option (expected one of rank, alpha, dropout, targets, rankStabilized)'],
    ],
    ['lora(rank=0)', ['lora.rank: Too small: expected number to be >=1, found 0']],
    ['lora(rank=1.5)', ['lora.rank: Invalid input: expected int, received number, found 1.5']],
    ['lora(rank=eight)', ['lora.rank: Invalid input: expected number, received string, found "eight"']],
    ['lora(alpha=0)', ['lora.alpha: Too small: expected number to be >0, found 0']],
    ['lora(dropout=1)', ['lora.dropout: Too big: expected number to be <=0.999, found 1']],
    [
      'lora(targets=3)',
      [
        'lora.targets: Invalid input, found 3 (expected sites that get an update, or all-linear: every linear site but the head)',
      ],
    ],
    ['lora(targets=[])', ['lora.targets: Too small: expected array to have >=1 items, found []']],
    [
      'lora(rankStabilized=yes)',
      ['lora.rankStabilized: Invalid input: expected boolean, received string, found "yes"'],
    ],
    ['tokentune(tokens=1)', ['tokentune.tokens: Too small: expected number to be >=2, found 1']],
    ['tokentune(ratio=0)', ['tokentune.ratio: Too small: expected number to be >0, found 0']],
    ['tokentune(ratio=1.01)', ['tokentune.ratio: Too big: expected number to be <=1, found 1.01']],
    ['tokentune(head=max)', ['tokentune.head: Invalid option: expected one of "mean"|"cls", found "max"']],
    ['tokentune(tokens=4,ratio=0.5)', ['tokentune.ratio: give tokens or ratio, not both, found 0.5']],
    ['lora+bitfit', ['lora+bitfit: lora and bitfit both decide about "weights"; take one of them']],
    ['full+full', ['full+full: full and full both decide about "weights"; take one of them']],
    [
      'tokentune+lora+tokentune',
      ['tokentune+tokentune: tokentune and tokentune both decide about "tokens"; take one of them'],
    ],
  ])('refuses %s', (spelling, expected) => {
    expect(messageOf(spelling)).toEqual(expected);
  });

  it('says everything that is wrong at once, and where the options are listed', () => {
    const spelling = 'lora(rank=0,alpha=-1,drop=2)+full+tokentune(tokens=1)';
    expect(messageOf(spelling)).toEqual([
      'lora.drop: unknown option (expected one of rank, alpha, dropout, targets, rankStabilized; did you mean "dropout"?)',
      'lora.rank: Too small: expected number to be >=1, found 0',
      'lora.alpha: Too small: expected number to be >0, found -1',
      'tokentune.tokens: Too small: expected number to be >=2, found 1',
      'lora+full: lora and full both decide about "weights"; take one of them',
    ]);
    try {
      parseMethodSpec(spelling);
    } catch (error) {
      expect(error).toMatchObject({ exitCode: 2, remedy: 'npx leantune show lora', issues: { length: 5 } });
      expect(error).toBeInstanceOf(ConfigurationError);
    }
  });
});

describe('the registry', () => {
  it('describes every method and every option in a line', () => {
    for (const name of methodNames()) {
      const { summary, reference, options, slots } = getMethod(name);
      expect(summary).toMatch(/^[A-Z].*\.$/);
      expect(reference).toMatch(/\d{4}/);
      expect(slots.length).toBeGreaterThan(0);
      for (const option of Object.values(options.shape) as z.ZodType[]) expect(option.description).toBeTruthy();
    }
  });

  it('takes a method once more, but no other one of that name', () => {
    const full = getMethod('full');
    expect(() => registerMethod(full)).not.toThrow();
    const other = defineMethod({ ...full, options: z.object({}), apply: () => ({}) });
    expect(() => registerMethod(other)).toThrow(/^a method named "full" is registered already$/);
    expect(getMethod('full')).toBe(full);
  });
});
