import { messages } from '../messages.js';

/** Sizes that stand in every formula, and what they are. Numeric options of the method stand there by their names. */
export const formulaSizes = {
  B: 'rows of the batch',
  T: 'tokens of a row',
  H: 'hidden size',
  F: 'features inside the feed-forward network',
  A: 'heads',
} as const;

/**
 * The value of a sum of products, `2·B·(T + length)·H + B·T·⌊H/reduction⌋`; `⌊…⌋` is rounded down.
 * @throws SyntaxError for another form, and for a name without a value
 */
export function evaluateFormula(formula: string, values: Readonly<Record<string, number>>): number {
  const tokens = formula.match(/[A-Za-z]\w*|[\d.]+|\S/g) ?? [];
  let at = 0;
  const fail = (found: string | undefined): never => {
    throw new SyntaxError(messages.formula(formula, found, Object.keys(values)));
  };
  const factor = (): number => {
    const token = tokens[at++];
    if (token === '(' || token === '⌊') {
      const value = sum();
      if (tokens[at++] !== (token === '(' ? ')' : '⌋')) return fail(tokens[at - 1]);
      return token === '(' ? value : Math.floor(value);
    }
    const value = Object.hasOwn(values, token ?? '') ? values[token!] : Number(token);
    return value === undefined || Number.isNaN(value) ? fail(token) : value;
  };
  const product = (): number => {
    let value = factor();
    while (tokens[at] === '·' || tokens[at] === '/') value = tokens[at++] === '·' ? value * factor() : value / factor();
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (tokens[at] === '+') {
      at += 1;
      value += product();
    }
    return value;
  };
  const value = sum();
  return at < tokens.length ? fail(tokens[at]) : value;
}

/** The names that a formula uses. */
export function formulaNames(formula: string): string[] {
  return [...new Set(formula.match(/[A-Za-z]\w*/g))];
}
