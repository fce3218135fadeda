/** What the peak consists of, one stacked bar per method. */
import type { TopLevelSpec } from 'vega-lite';
import type { Row } from '../report/aggregate.js';
import { messages } from '../messages.js';
import { bytesPerMebibyte, formatMebibytes } from '../units.js';
import { categoryStyle } from './colours.js';
import type { Plot, PlotContext } from './plot.js';
import { theme } from './theme.js';

export const categoryNames = {
  parameters: 'parameters',
  gradients: 'gradients',
  optimizerState: 'optimizer state',
  savedActivations: 'saved activations',
  batch: 'batch',
  workspace: 'workspace',
} as const;

export function breakdownPlot(rows: readonly Row[], context: PlotContext): Plot | undefined {
  const measured = rows.flatMap((row) => (row.measured === undefined ? [] : [{ label: row.label, ...row.measured }]));
  if (measured.length === 0) return undefined;
  const parts = measured.flatMap(({ label, categories }) =>
    (Object.keys(categoryNames) as (keyof typeof categoryNames)[]).map((key) => ({
      method: label,
      category: categoryNames[key],
      order: categoryStyle.domain.indexOf(categoryNames[key]),
      bytes: categories[key],
      mebibytes: categories[key] / bytesPerMebibyte,
    })),
  );
  const totals = measured.map(({ label, peakBytes }) => ({
    method: label,
    mebibytes: peakBytes / bytesPerMebibyte,
    text: `${formatMebibytes(peakBytes)} MiB`,
  }));
  const order = measured.map(({ label }) => label);
  const y = {
    field: 'method',
    type: 'nominal',
    sort: order,
    title: null,
    axis: { ticks: false, domain: false },
  } as const;
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: { text: messages.breakdownTitle(context.title), subtitle: context.subtitle },
    config: theme,
    width: 640,
    height: { step: 44 },
    layer: [
      {
        data: { name: 'parts', values: parts },
        mark: { type: 'bar', height: { band: 0.62 }, stroke: '#ffffff', strokeWidth: 0.75 },
        encoding: {
          y,
          x: {
            field: 'mebibytes',
            type: 'quantitative',
            stack: 'zero',
            title: messages.breakdownAxis(),
            scale: { domainMax: 1.14 * Math.max(...totals.map((total) => total.mebibytes)), nice: false },
            axis: { tickCount: 6, domain: false, ticks: false },
          },
          color: {
            field: 'category',
            type: 'nominal',
            title: null,
            scale: { domain: [...categoryStyle.domain], range: [...categoryStyle.colours] },
            legend: {
              orient: 'bottom',
              direction: 'horizontal',
              columns: 3,
              symbolType: 'square',
              offset: 14,
              columnPadding: 14,
            },
          },
          order: { field: 'order', type: 'quantitative' },
        },
      },
      {
        data: { name: 'totals', values: totals },
        mark: { type: 'text', align: 'left', dx: 6, fontSize: 12, color: '#222222' },
        encoding: { y, x: { field: 'mebibytes', type: 'quantitative' }, text: { field: 'text', type: 'nominal' } },
      },
    ],
  };
  return {
    name: 'memory-breakdown',
    spec,
    data: parts.map(({ method, category, bytes }) => ({ method, category, bytes })),
  };
}
