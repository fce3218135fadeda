import { closest, distance } from 'fastest-levenshtein';

/**
 * The candidate nearest to `name` by edit distance, or undefined where nothing is near enough to be a slip
 * of the keyboard (more than half of the longer word would have to change).
 */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined;
  const lower = name.toLowerCase();
  const best = closest(
    lower,
    candidates.map((candidate) => candidate.toLowerCase()),
  );
  const found = candidates.find((candidate) => candidate.toLowerCase() === best);
  if (found === undefined) return undefined;
  return distance(lower, best) <= Math.max(lower.length, best.length) / 2 ? found : undefined;
}
