import { RandomStream, UsageError } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { formatSpelling, parseSpelling } from './parse.js';

function failure(text: string): UsageError {
  try {
    parseSpelling(text);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return error as UsageError;
  }
  throw new Error(`accepted: ${text}`);
}

describe('parseSpelling', () => {
  it.each([
    ['full', [{ name: 'full', options: {} }]],
    ['full()', [{ name: 'full', options: {} }]],
    ['head-only', [{ name: 'head-only', options: {} }]],
    [
      'lora(rank=8,targets=[attention.query,attention.value])+tokentune(tokens=16)',
      [
        { name: 'lora', options: { rank: 8, targets: ['attention.query', 'attention.value'] } },
        { name: 'tokentune', options: { tokens: 16 } },
      ],
    ],
    [
      ' lora ( rank = 8 , targets = [ a , b ] ) + bitfit ',
      [
        { name: 'lora', options: { rank: 8, targets: ['a', 'b'] } },
        { name: 'bitfit', options: {} },
      ],
    ],
    ['m(a=true,b=false,c=truth)', [{ name: 'm', options: { a: true, b: false, c: 'truth' } }]],
    [
      'm(a=-1.5e-3,b=+2,c=.5,d=3.,e=8x,f=1.2.3)',
      [{ name: 'm', options: { a: -0.0015, b: 2, c: 0.5, d: 3, e: '8x', f: '1.2.3' } }],
    ],
    ['m(a=[],b=[1,true,x])', [{ name: 'm', options: { a: [], b: [1, true, 'x'] } }]],
    // Names that plain objects have already.
    ['m(constructor=1,toString=2)', [{ name: 'm', options: { constructor: 1, toString: 2 } }]],
  ])('reads %s', (text, expected) => {
    expect(parseSpelling(text)).toEqual(expected);
  });

  it('keeps an option called __proto__ as an option', () => {
    expect(Object.keys(parseSpelling('m(__proto__=[1])')[0]!.options)).toEqual(['__proto__']);
  });

  it.each([
    ['', 1, 'the name of a method', 'the end'],
    ['  ', 3, 'the name of a method', 'the end'],
    ['+lora', 1, 'the name of a method', '"+lora"'],
    ['lora++bitfit', 6, 'the name of a method', '"+bitfit"'],
    ['lora+', 6, 'the name of a method', 'the end'],
    ['lora(', 6, 'an option', 'the end'],
    ['lora(=8)', 6, 'an option', '"=8)"'],
    ['lora(rank', 10, '"="', 'the end'],
    ['lora(rank 8)', 11, '"="', '"8)"'],
    ['lora(rank=)', 11, 'a value', '")"'],
    ['lora(rank=+)', 11, 'a value', '"+)"'],
    ['lora(rank=8', 12, '"," or ")"', 'the end'],
    ['lora(rank=8,)', 13, 'an option', '")"'],
    ['lora(rank=8=9)', 12, '"," or ")"', '"=9)"'],
    ['lora(rank=1e999)', 11, 'a number within ±1.8e308', '"1e999)"'],
    ['lora(rank=8, rank=9)', 14, 'each option once, but "rank" stands twice', '"rank=9)"'],
    ['lora(targets=[a', 16, '"," or "]"', 'the end'],
    ['lora(targets=[a,])', 17, 'a value', '"])"'],
    ['lora(targets=[[a]])', 15, 'a value', '"[a]])"'],
    ['lora bitfit', 6, '"+" or the end', '"bitfit"'],
    ['lora)', 5, '"+" or the end', '")"'],
    ['lora(rank=8) x=a-long-tail', 14, '"+" or the end', '"x=a-long-t"'],
    ['lora(targets="q")', 14, 'a value', '""q")"'],
    ['løra', 1, 'the name of a method', '"løra"'],
  ])('refuses %j', (text, column, expected, found) => {
    const error = failure(text);
    expect(error.message).toBe(`method "${text}", column ${column}: expected ${expected}, found ${found}`);
    expect(error.remedy).toBe("spell methods like 'lora(rank=8,targets=[attention.query])+tokentune(tokens=16)'");
    expect(error.exitCode).toBe(2);
  });
});

describe('formatSpelling', () => {
  it('writes no spaces, keeps the order, and leaves out empty brackets', () => {
    expect(formatSpelling(parseSpelling(' lora ( targets = [ a , b ] , rank = 8.0 ) + full ( ) '))).toBe(
      'lora(targets=[a,b],rank=8)+full',
    );
    expect(formatSpelling(parseSpelling('m(a=1e-7,b=1e21,c=[],d=true)'))).toBe('m(a=1e-7,b=1e+21,c=[],d=true)');
  });

  it('reads mutated spellings to the same again, or refuses them as a usage error', () => {
    const seeds = [
      'lora(rank=8,targets=[attention.query,attention.value])+tokentune(tokens=16)',
      'tokentune(ratio=0.25,head=cls,reference=true)',
      'lora(alpha=1e-3,rankStabilized=false,targets=[])+bitfit',
      'head-only + checkpoint(every=-1)',
    ];
    const alphabet = [...'ab8.-+=,()[] eE_"\t\nø', '__proto__', '1e999', 'true'];
    const random = new RandomStream(0, 'mutations');
    let read = 0;
    for (let round = 0; round < 4000; round++) {
      const letters = [...seeds[random.integer(seeds.length)]!];
      for (let edits = 1 + random.integer(3); edits > 0; edits--) {
        const inserted = random.integer(2) === 0 ? [] : [alphabet[random.integer(alphabet.length)]!];
        letters.splice(random.integer(letters.length + 1), random.integer(3), ...inserted);
      }
      const text = letters.join('');
      try {
        const parsed = parseSpelling(text);
        const spelled = formatSpelling(parsed);
        expect(formatSpelling(parseSpelling(spelled))).toBe(spelled);
        read += 1;
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
      }
    }
    // Both ends are reached, so that neither passes for want of cases.
    expect(read).toBeGreaterThan(500);
    expect(read).toBeLessThan(3500);
  });
});
