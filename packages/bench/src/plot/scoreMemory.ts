/** Score against peak memory: each method a point with its ± over seeds, and the Pareto front. */
import type { TopLevelSpec } from 'vega-lite';
import { messages } from '../messages.js';
import type { Row } from '../report/aggregate.js';
import { bytesPerMebibyte } from '../units.js';
import { methodStyle } from './colours.js';
import { paretoFront } from './paretoFront.js';
import type { Plot, PlotContext } from './plot.js';
import { theme } from './theme.js';

export function scoreMemoryPlot(rows: readonly Row[], context: PlotContext): Plot | undefined {
  const points = rows.flatMap(({ label, measured }) => {
    const score = measured?.scores[0];
    if (measured === undefined || score === undefined) return [];
    const std = score.std ?? 0;
    return [
      {
        method: label,
        peakMebibytes: measured.peakBytes / bytesPerMebibyte,
        peakBytes: measured.peakBytes,
        mean: score.mean,
        low: score.mean - std,
        high: score.mean + std,
        score,
      },
    ];
  });
  const first = points[0];
  if (first === undefined) return undefined;
  const sign = first.score.direction === 'higher' ? 1 : -1;
  const front = paretoFront(points.map((point) => ({ ...point, cost: point.peakBytes, value: sign * point.mean })));
  const onFront = new Set(front.map((point) => point.method));
  const style = methodStyle(points.map((point) => point.method));
  // Room around the points: whiskers and labels stay inside, and equal scores do not stretch noise over the page.
  const span = Math.max(0.02, ...points.map((p) => p.high - first.mean), ...points.map((p) => first.mean - p.low));
  const low = Math.min(...points.map((p) => p.low)) - 0.25 * span;
  const high = Math.max(...points.map((p) => p.high)) + 0.25 * span;
  const largest = Math.max(...points.map((p) => p.peakMebibytes));

  const plain = points.map(({ score: _score, ...point }) => ({ ...point, front: onFront.has(point.method) }));
  const peakDomain: number[] = [0, largest * 1.12];
  const scoreDomain: number[] = [low, high];
  const x = {
    field: 'peakMebibytes',
    type: 'quantitative',
    title: messages.peakAxis(),
    scale: { domain: peakDomain, nice: false },
    axis: { tickCount: 7 },
  } as const;
  const y = {
    field: 'mean',
    type: 'quantitative',
    title: messages.scoreAxis(first.score.name, first.score.split, first.score.direction),
    scale: { domain: scoreDomain, nice: true, zero: false },
    axis: { tickCount: 6 },
  } as const;
  const colour = {
    field: 'method',
    type: 'nominal',
    title: null,
    scale: { domain: [...style.domain], range: [...style.colours] },
    legend: null,
  } as const;
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: { text: messages.scoreMemoryTitle(context.title), subtitle: context.subtitle },
    config: theme,
    width: 640,
    height: 340,
    layer: [
      {
        data: { name: 'front', values: front.map(({ peakMebibytes, mean }) => ({ peakMebibytes, mean })) },
        mark: { type: 'line', interpolate: 'step-after', color: '#9a9a9a', strokeDash: [5, 4], strokeWidth: 1.5 },
        encoding: { x, y },
      },
      {
        data: { name: 'whiskers', values: plain.filter((point) => point.high > point.low) },
        mark: { type: 'rule', strokeWidth: 2 },
        encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color: colour },
      },
      {
        data: { name: 'points', values: plain },
        mark: { type: 'point', filled: true, size: 150, opacity: 1, stroke: '#ffffff', strokeWidth: 1 },
        encoding: {
          x,
          y,
          color: colour,
          shape: {
            field: 'method',
            type: 'nominal',
            scale: { domain: [...style.domain], range: [...style.shapes] },
            legend: null,
          },
        },
      },
      ...labelLayers(plain, { x, y }),
    ],
  };
  return {
    name: 'score-memory',
    spec,
    data: points.map(({ method, peakBytes, mean, score }) => ({
      method,
      peakBytes,
      metric: score.name,
      mean,
      std: score.std,
      n: score.n,
      paretoFront: onFront.has(method) ? 'yes' : 'no',
    })),
  };
}

interface Placed {
  readonly method: string;
  readonly peakMebibytes: number;
  readonly mean: number;
}

/**
 * Names above and left of their points, where the front, which leaves a point to the right, does not pass; right of
 * points too close to the axis. A white rim keeps them legible over lines.
 */
function labelLayers<X, Y>(points: readonly Placed[], { x, y }: { x: X; y: Y }) {
  const largest = Math.max(...points.map((point) => point.peakMebibytes));
  const isLeft = (point: Placed) => point.peakMebibytes > 0.2 * largest;
  const sides = [
    { align: 'right', dx: -11, points: points.filter(isLeft) },
    { align: 'left', dx: 11, points: points.filter((point) => !isLeft(point)) },
  ] as const;
  const rims = [
    { name: 'rims', color: '#ffffff', stroke: '#ffffff', strokeWidth: 4 },
    { name: 'labels', color: '#222222' },
  ] as const;
  return sides
    .filter((side) => side.points.length > 0)
    .flatMap((side) =>
      rims.map(({ name, ...paint }) => ({
        data: {
          name: `${name}-${side.align}`,
          values: side.points.map(({ method, peakMebibytes, mean }) => ({ method, peakMebibytes, mean })),
        },
        mark: { type: 'text', align: side.align, dx: side.dx, dy: -9, fontSize: 12.5, ...paint } as const,
        encoding: { x, y, text: { field: 'method', type: 'nominal' } as const },
      })),
    );
}
