/** Exact match and F1 of answers, as SQuAD's official evaluation script computes them (Rajpurkar et al. 2016). */

/** Lower case, without punctuation, articles and superfluous spaces. */
export function normalizeAnswer(text: string): string {
  return text
    .toLowerCase()
    .replace(/[!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]/g, '')
    .replace(/(?<![\p{L}\p{N}_])(a|an|the)(?![\p{L}\p{N}_])/gu, ' ')
    .split(/\s+/)
    .filter((word) => word !== '')
    .join(' ');
}

/** 1 where the prediction is one of the answers. */
export function exactMatch(prediction: string, answers: readonly string[]): number {
  return answers.some((answer) => normalizeAnswer(answer) === normalizeAnswer(prediction)) ? 1 : 0;
}

/** Harmonic mean of precision and recall of the words, with the answer that fits best. */
export function answerF1(prediction: string, answers: readonly string[]): number {
  return Math.max(0, ...answers.map((answer) => f1(wordsOf(prediction), wordsOf(answer))));
}

const wordsOf = (text: string): string[] =>
  normalizeAnswer(text)
    .split(' ')
    .filter((word) => word !== '');

function f1(prediction: readonly string[], answer: readonly string[]): number {
  const left = new Map<string, number>();
  for (const word of answer) left.set(word, (left.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of prediction) {
    const count = left.get(word) ?? 0;
    if (count > 0) common += 1;
    left.set(word, count - 1);
  }
  if (common === 0) return 0;
  const precision = common / prediction.length;
  const recall = common / answer.length;
  return (2 * precision * recall) / (precision + recall);
}
