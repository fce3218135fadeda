/** Live bytes over the events of one training step, one line a method. */
import type { TopLevelSpec } from 'vega-lite';
import { messages } from '../messages.js';
import { methodStyle } from '../plot/colours.js';
import type { Plot, PlotContext } from '../plot/plot.js';
import { theme } from '../plot/theme.js';
import { bytesPerMebibyte } from '../units.js';
import type { MethodMemory } from './measure.js';

export function timelinePlot(rows: readonly MethodMemory[], context: PlotContext): Plot {
  const points = rows.flatMap(({ method, memory }) =>
    memory.timeline.map(({ liveBytes, phase, layer }, event) => ({ method, event, phase, layer, bytes: liveBytes })),
  );
  const style = methodStyle(rows.map(({ method }) => method));
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: { text: messages.timelineTitle(context.title), subtitle: context.subtitle },
    config: theme,
    width: 720,
    height: 320,
    data: {
      name: 'timeline',
      values: points.map(({ method, event, bytes }) => ({ method, event, mebibytes: bytes / bytesPerMebibyte })),
    },
    mark: { type: 'line', interpolate: 'step-after', strokeWidth: 1.25 },
    encoding: {
      x: {
        field: 'event',
        type: 'quantitative',
        title: messages.timelineEvents(),
        axis: { grid: false, tickCount: 6 },
      },
      y: { field: 'mebibytes', type: 'quantitative', title: messages.timelineAxis(), scale: { zero: true } },
      color: {
        field: 'method',
        type: 'nominal',
        title: null,
        scale: { domain: [...style.domain], range: [...style.colours] },
        legend: { orient: 'bottom', direction: 'horizontal', symbolType: 'stroke', columns: 3 },
      },
    },
  };
  return { name: 'memory-timeline', spec, data: points };
}
