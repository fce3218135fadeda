/** Score against peak memory: each method a point with its ± over seeds, and the Pareto front. */
import type { TopLevelSpec } from 'vega-lite';
import { messages } from '../messages.js';
import type { Row } from '../report/aggregate.js';
import { bytesPerMebibyte } from '../units.js';
import { methodStyle } from './colours.js';
import { paretoFront } from './paretoFront.js';
import { placeLabels } from './placeLabels.js';
import type { Plot, PlotContext } from './plot.js';
import { theme } from './theme.js';

const plotWidth = 640;
const plotHeight = 340;

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
    scale: { domain: scoreDomain, nice: false, zero: false },
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
    width: plotWidth,
    height: plotHeight,
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
      // From left to right, so that of two neighbours the left one has its name on the left.
      ...labelLayers(
        plain.toSorted((a, b) => a.peakMebibytes - b.peakMebibytes),
        { x, y },
      ),
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

/** Names beside their points; a white rim keeps them legible over lines. */
function labelLayers<X extends Axis, Y extends Axis>(points: readonly Placed[], { x, y }: { x: X; y: Y }) {
  const share = (value: number, [from = 0, to = 1]: readonly number[]) => (value - from) / (to - from);
  const places = placeLabels(
    points.map(({ method, peakMebibytes, mean }) => ({
      text: method,
      x: plotWidth * share(peakMebibytes, x.scale.domain),
      y: plotHeight * (1 - share(mean, y.scale.domain)),
    })),
    plotWidth,
  );
  const rims = [
    { name: 'rim', color: '#ffffff', stroke: '#ffffff', strokeWidth: 4 },
    { name: 'label', color: '#222222' },
  ] as const;
  return rims.flatMap(({ name, ...paint }) =>
    points.map(({ method, peakMebibytes, mean }, index) => ({
      data: { name: `${name}-${index}`, values: [{ method, peakMebibytes, mean }] },
      mark: { type: 'text', fontSize: 12.5, ...places[index], ...paint } as const,
      encoding: { x, y, text: { field: 'method', type: 'nominal' } as const },
    })),
  );
}

interface Axis {
  readonly scale: { readonly domain: number[] };
}
