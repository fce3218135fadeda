export interface ParetoPoint {
  /** To be small. */
  readonly cost: number;
  /** To be large. */
  readonly value: number;
}

/** The points that no other point beats in both: ordered by rising cost. */
export function paretoFront<Point extends ParetoPoint>(points: readonly Point[]): Point[] {
  const ordered = [...points].sort((a, b) => a.cost - b.cost || b.value - a.value);
  const front: Point[] = [];
  for (const point of ordered) {
    const best = front.at(-1);
    if (best === undefined || point.value > best.value) front.push(point);
  }
  return front;
}
