/** A stretch of text, and whether the pattern matched it. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly isMatch: boolean;
}

/** A part of a text and the index of its first unit (UTF-16) there. */
export interface TextPart {
  readonly text: string;
  readonly start: number;
}

export const splitBehaviours = ['Isolated', 'Removed', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const;
export type SplitBehaviour = (typeof splitBehaviours)[number];

/**
 * Cuts a text at the matches of a pattern (with the flag `g`) and does with them what `behaviour` says, as
 * `NormalizedString::split` of huggingface/tokenizers does; `invert` swaps matches and the text between them.
 */
export function splitText(text: string, pattern: RegExp, behaviour: SplitBehaviour, invert = false): TextPart[] {
  const stretches = stretchesOf(text, pattern, invert);
  const spans = behaviour === 'Removed' ? stretches.filter(({ isMatch }) => !isMatch) : join(stretches, behaviour);
  return spans
    .filter(({ start, end }) => end > start)
    .map(({ start, end }) => ({ text: text.slice(start, end), start }));
}

function stretchesOf(text: string, pattern: RegExp, invert: boolean): Stretch[] {
  const found: Stretch[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) found.push({ start: end, end: match.index, isMatch: invert });
    end = match.index + match[0].length;
    found.push({ start: match.index, end, isMatch: !invert });
  }
  if (end < text.length) found.push({ start: end, end: text.length, isMatch: invert });
  return found;
}

function join(stretches: readonly Stretch[], behaviour: Exclude<SplitBehaviour, 'Removed'>): readonly Stretch[] {
  switch (behaviour) {
    case 'Isolated':
      return stretches;
    case 'Contiguous':
      return merge(stretches, (isMatch, previous) => isMatch === previous);
    case 'MergedWithPrevious':
      return merge(stretches, (isMatch, previous) => isMatch && !previous);
    case 'MergedWithNext':
      return merge([...stretches].reverse(), (isMatch, previous) => isMatch && !previous).reverse();
  }
}

/** Joins a stretch to the one before it in the list where `joins` says so; to nothing before means it stands alone. */
function merge(stretches: readonly Stretch[], joins: (isMatch: boolean, previous: boolean) => boolean): Stretch[] {
  const out: Stretch[] = [];
  let previous = false;
  for (const stretch of stretches) {
    const last = out.at(-1);
    if (last !== undefined && joins(stretch.isMatch, previous)) {
      out[out.length - 1] = {
        start: Math.min(last.start, stretch.start),
        end: Math.max(last.end, stretch.end),
        isMatch: false,
      };
    } else out.push(stretch);
    previous = stretch.isMatch;
  }
  return out;
}
