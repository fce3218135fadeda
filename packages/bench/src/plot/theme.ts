import type { Config } from 'vega-lite';
import { fontFamily } from './colours.js';

/** Look of every plot: quiet axes, horizontal labels, room for long names. */
export const theme: Config = {
  font: fontFamily,
  background: '#ffffff',
  padding: 16,
  title: {
    fontSize: 17,
    subtitleFontSize: 12,
    subtitleColor: '#555555',
    anchor: 'start',
    offset: 16,
    subtitlePadding: 6,
  },
  axis: {
    labelFontSize: 12,
    titleFontSize: 12.5,
    titleFontWeight: 'normal',
    titleColor: '#333333',
    labelColor: '#333333',
    gridColor: '#e6e6e6',
    domainColor: '#999999',
    tickColor: '#999999',
    titlePadding: 10,
    labelLimit: 320,
    labelAngle: 0,
  },
  legend: { labelFontSize: 12, titleFontSize: 12.5, titleFontWeight: 'normal', symbolSize: 140, labelLimit: 260 },
  view: { stroke: null },
};
