/** Ratios of a suite: one line a case, a point and its quartiles for each backend, a rule at 1. */
import type { TopLevelSpec } from 'vega-lite';
import { benchMessages } from '../messages/bench.js';
import { methodStyle } from '../plot/colours.js';
import type { Plot, PlotContext } from '../plot/plot.js';
import { theme } from '../plot/theme.js';
import type { BenchRow } from './rows.js';

/** Undefined where no row has a ratio to another contestant. */
export function ratioPlot(rows: readonly BenchRow[], context: PlotContext): Plot | undefined {
  const points = rows.flatMap((row) => {
    if (row.status !== 'ok' || row.backend === row.reference) return [];
    const { median, lowerQuartile, upperQuartile, n } = row.ratio;
    return [
      { case: row.case, backend: row.backend, reference: row.reference, median, lowerQuartile, upperQuartile, n },
    ];
  });
  if (points.length === 0) return undefined;
  const style = methodStyle(points.map(({ backend }) => backend));
  const y = {
    field: 'case',
    type: 'nominal',
    sort: [...new Set(points.map((point) => point.case))],
    title: null,
    axis: { ticks: false, domain: false, grid: true },
  } as const;
  const yOffset = { field: 'backend', type: 'nominal', scale: { paddingOuter: 0.6 } } as const;
  const color = {
    field: 'backend',
    type: 'nominal',
    title: null,
    scale: { domain: [...style.domain], range: [...style.colours] },
    legend: { orient: 'bottom', direction: 'horizontal', symbolType: 'circle' },
  } as const;
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: { text: benchMessages.plotTitle(context.title), subtitle: context.subtitle },
    config: theme,
    width: 560,
    height: { step: 18, for: 'offset' },
    data: { name: 'ratios', values: points },
    layer: [
      { mark: { type: 'rule', strokeDash: [4, 3], color: '#555555' }, encoding: { x: { datum: 1 } } },
      {
        mark: { type: 'rule', strokeWidth: 2 },
        encoding: {
          y,
          yOffset,
          color,
          x: { field: 'lowerQuartile', type: 'quantitative', title: benchMessages.plotAxis() },
          x2: { field: 'upperQuartile' },
        },
      },
      {
        mark: { type: 'point', filled: true, size: 70, opacity: 1 },
        encoding: { y, yOffset, color, x: { field: 'median', type: 'quantitative', scale: { zero: true } } },
      },
    ],
  };
  return { name: 'ratio', spec, data: points };
}
