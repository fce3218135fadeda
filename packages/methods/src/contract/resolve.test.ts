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
    ['lora(rank=0)', ['lora.rank: 0 is out of range (expected integer, ≥ 1; did you mean "1"?)']],
    ['lora(rank=1.5)', ['lora.rank: 1.5 has the wrong type (expected integer, ≥ 1; did you mean "2"?)']],
    ['lora(rank=eight)', ['lora.rank: "eight" has the wrong type (expected integer, ≥ 1)']],
    ['lora(alpha=0)', ['lora.alpha: 0 is out of range (expected number, > 0; did you mean "0.01"?)']],
    ['lora(dropout=1)', ['lora.dropout: 1 is out of range (expected number, ≥ 0, ≤ 0.999; did you mean "0.999"?)']],
    [
      'lora(targets=3)',
      [
        'lora.targets: 3 is not possible here (expected list of at least 1 | "all-linear": sites that get an update, or all-linear: every linear site but the head; on GPT-2 attention.query, attention.key and attention.value each name the one matrix of all three (c_attn))',
      ],
    ],
    ['lora(targets=[])', ['lora.targets: [] is out of range (expected list of at least 1 | "all-linear")']],
    ['lora(rankStabilized=yes)', ['lora.rankStabilized: "yes" has the wrong type (expected boolean)']],
    ['tokentune(tokens=1)', ['tokentune.tokens: 1 is out of range (expected integer, ≥ 2; did you mean "2"?)']],
    ['tokentune(ratio=0)', ['tokentune.ratio: 0 is out of range (expected number, > 0, ≤ 1; did you mean "0.01"?)']],
    ['tokentune(ratio=1.01)', ['tokentune.ratio: 1.01 is out of range (expected number, > 0, ≤ 1; did you mean "1"?)']],
    [
      'tokentune(head=max)',
      ['tokentune.head: "max" is not possible here (expected "mean" | "cls"; did you mean "mean"?)'],
    ],
    ['tokentune(tokens=4,ratio=0.5)', ['tokentune.ratio: give tokens or ratio, not both']],
    [
      'tokentune(head=clz)',
      ['tokentune.head: "clz" is not possible here (expected "mean" | "cls"; did you mean "cls"?)'],
    ],
    [
      'qlora(blockSize=100)',
      ['qlora.blockSize: 100 is not possible here (expected 64 | 128 | 256; did you mean "128"?)'],
    ],
    ['prefix(length=0)', ['prefix.length: 0 is out of range (expected integer, ≥ 1; did you mean "1"?)']],
    ['checkpoint(every=-3)', ['checkpoint.every: -3 is out of range (expected integer, ≥ 1; did you mean "1"?)']],
    ['houlsby(reduction=0.5)', ['houlsby.reduction: 0.5 is out of range (expected number, ≥ 1; did you mean "1"?)']],
    ['ia3(inputs=[3])', ['ia3.inputs[0]: 3 has the wrong type (expected string)']],
    [
      'meft1(gradient=exact,lambda=0.1)',
      ['meft1.lambda: gradient=exact shifts by whole bits: expected 1, 1/2, 1/4, …, 2^-15; the nearest is 0.125'],
    ],
    [
      'meft1(reversibleLayers=3,placement=top-with-frozen-lower,reference=true)',
      [
        'meft1.reversibleLayers: the published code splits the adapted layers into halves; the nearest even number is 4',
      ],
    ],
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
      'lora.rank: 0 is out of range (expected integer, ≥ 1; did you mean "1"?)',
      'lora.alpha: -1 is out of range (expected number, > 0; did you mean "0.01"?)',
      'tokentune.tokens: 1 is out of range (expected integer, ≥ 2; did you mean "2"?)',
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
