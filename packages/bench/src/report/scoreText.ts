/** How a score is written in tables. */
import type { Score } from './aggregate.js';

const arrows = { higher: '↑', lower: '↓' } as const;

/** `accuracy ↑` */
export function scoreName({ name, direction }: Pick<Score, 'name' | 'direction'>): string {
  return `${name} ${arrows[direction]}`;
}

/** `0.9183 ± 0.0021 (2)`; no ± where there is no spread. */
export function scoreText({ mean, n }: Pick<Score, 'mean' | 'n'>, spread: number | undefined): string {
  return `${mean.toFixed(4)}${spread === undefined ? '' : ` ± ${spread.toFixed(4)}`} (${n})`;
}
