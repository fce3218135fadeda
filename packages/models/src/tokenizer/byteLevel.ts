/** GPT-2's split into words, in the regular expressions of the Rust tokenizers. */
const words = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

/**
 * The same pre-tokenizer of a tokenizer.json with the split of `ByteLevel` spelled out. The JavaScript library's own takes
 * JavaScript's `\s`, which counts U+FEFF as white space and U+0085 not; in a `Split` it has Unicode's. (With a prefix
 * space the order of the two steps matters, and `ByteLevel` stays as it is.)
 */
export function withUnicodeSpaces(preTokenizer: unknown): unknown {
  const found = preTokenizer as { type?: unknown; use_regex?: unknown; add_prefix_space?: unknown } | null | undefined;
  if (found?.type !== 'ByteLevel' || found.use_regex === false || found.add_prefix_space === true) return preTokenizer;
  return {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex: words }, behavior: 'Isolated', invert: false },
      { ...found, use_regex: false },
    ],
  };
}
