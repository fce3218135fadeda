/** A word of the command line: the number that it writes, else the word as it is. */
export function numberOrText(word: string): number | string {
  return word.trim() !== '' && Number.isFinite(Number(word)) ? Number(word) : word;
}
