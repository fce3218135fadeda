/** Where the names of points go so that no two of them, and no name and point, lie on each other. */

export interface LabelledPoint {
  readonly text: string;
  /** Pixels from the left and from the top of the plot. */
  readonly x: number;
  readonly y: number;
}

/** Place of a name relative to its point, in Vega's words. */
export interface LabelPlace {
  readonly align: 'left' | 'right';
  readonly dx: number;
  readonly dy: number;
}

/** Tried in this order: the Pareto front leaves a point to the right, so the left comes first. */
const places: readonly LabelPlace[] = [-9, 14, -24, 29, -39, 44].flatMap((dy) => [
  { align: 'right', dx: -11, dy } as const,
  { align: 'left', dx: 11, dy } as const,
]);

const characterWidth = 8;
const lineHeight = 14;
const markerRadius = 7;

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export function placeLabels(points: readonly LabelledPoint[], width: number): LabelPlace[] {
  const taken: Box[] = points.map(({ x, y }) => ({
    left: x - markerRadius,
    right: x + markerRadius,
    top: y - markerRadius,
    bottom: y + markerRadius,
  }));
  return points.map((point) => {
    const candidates = places.map((place) => ({ place, box: boxOf(point, place) }));
    const inside = candidates.filter(({ box }) => box.left >= 0 && box.right <= width);
    const free = inside.find(({ box }) => !taken.some((other) => overlap(box, other)));
    const chosen = free ?? inside[0] ?? candidates[0];
    if (chosen === undefined) throw new RangeError('no place for a label');
    taken.push(chosen.box);
    return chosen.place;
  });
}

function boxOf({ text, x, y }: LabelledPoint, { align, dx, dy }: LabelPlace): Box {
  const length = text.length * characterWidth;
  const left = align === 'left' ? x + dx : x + dx - length;
  // Vega puts the text's baseline at y + dy.
  return { left, right: left + length, top: y + dy - lineHeight + 3, bottom: y + dy + 3 };
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
