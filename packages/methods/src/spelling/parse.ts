import { UsageError } from '@leantune/core';
import { messages } from '../messages.js';

/** A value in a method's spelling: number, boolean, word, or a list of words and numbers. */
export type OptionValue = number | boolean | string | readonly (number | boolean | string)[];

/** One method with the options that were spelled out. */
export interface MethodSpelling {
  readonly name: string;
  readonly options: Readonly<Record<string, OptionValue>>;
}

/**
 * Reads `lora(rank=8,targets=[attention.query,attention.value])+tokentune(tokens=16)`: methods joined by `+`, each
 * a name with `key=value` options. Words need no quotes.
 * @throws UsageError naming the column.
 */
export function parseSpelling(text: string): MethodSpelling[] {
  let at = 0;

  const skipSpace = () => {
    while (text[at] === ' ') at += 1;
  };
  const fail = (expected: string, column = at): never => {
    throw new UsageError(messages.spelling(text, column, expected), {
      code: 'LEANTUNE_METHOD_SPELLING',
      remedy: messages.spellingRemedy(),
    });
  };
  const take = (symbol: string): boolean => {
    skipSpace();
    if (text[at] !== symbol) return false;
    at += 1;
    return true;
  };
  const word = (expected: string): string => {
    skipSpace();
    const found = /^[A-Za-z0-9_.-]+(?=[\s,()[\]=+]|$)/.exec(text.slice(at))?.[0];
    if (found === undefined) return fail(expected);
    at += found.length;
    return found;
  };
  const scalar = (): number | boolean | string => {
    skipSpace();
    const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?(?=[\s,()[\]+]|$)/.exec(text.slice(at))?.[0];
    if (number !== undefined) {
      if (!Number.isFinite(Number(number))) return fail('a number within ±1.8e308');
      at += number.length;
      return Number(number);
    }
    const found = word('a value');
    if (found === 'true' || found === 'false') return found === 'true';
    return found;
  };
  const value = (): OptionValue => {
    if (!take('[')) return scalar();
    const items: (number | boolean | string)[] = [];
    if (take(']')) return items;
    do items.push(scalar());
    while (take(','));
    if (!take(']')) fail('"," or "]"');
    return items;
  };
  const method = (): MethodSpelling => {
    const name = word('the name of a method');
    // A map: option names are the user's, and an object has names of its own (`constructor`, `__proto__`).
    const options = new Map<string, OptionValue>();
    if (take('(') && !take(')')) {
      do {
        skipSpace();
        const column = at;
        const key = word('an option');
        if (options.has(key)) fail(`each option once, but "${key}" stands twice`, column);
        if (!take('=')) fail('"="');
        options.set(key, value());
      } while (take(','));
      if (!take(')')) fail('"," or ")"');
    }
    return { name, options: Object.fromEntries(options) };
  };

  const found = [method()];
  while (take('+')) found.push(method());
  skipSpace();
  if (at < text.length) fail('"+" or the end');
  return found;
}

/** The canonical spelling: no spaces, options in the order given. */
export function formatSpelling(methods: readonly MethodSpelling[]): string {
  return methods
    .map(({ name, options }) => {
      const parts = Object.entries(options).map(([key, value]) =>
        typeof value === 'object' ? `${key}=[${value.join(',')}]` : `${key}=${String(value)}`,
      );
      return parts.length === 0 ? name : `${name}(${parts.join(',')})`;
    })
    .join('+');
}
