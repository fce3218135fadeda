import { Resvg } from '@resvg/resvg-js';
import { describe, expect, it } from 'vitest';
import { aggregate } from '../report/aggregate.js';
import { loadRegistry } from '../registry/packages.js';
import { makeCells } from '../sweep/cells.js';
import { parseSweep } from '../sweep/parseSweep.js';
import { exampleCell } from '../testing/exampleResult.js';
import { breakdownPlot } from './breakdown.js';
import { methodStyle } from './colours.js';
import { paretoFront } from './paretoFront.js';
import type { Plot } from './plot.js';
import { renderPng, renderSvg } from './render.js';
import { scoreMemoryPlot } from './scoreMemory.js';

const rows = aggregate(
  [
    { method: 'full', score: 0.92, peakMebibytes: 370 },
    { method: 'full', seed: 1, score: 0.93, peakMebibytes: 370 },
    { method: 'lora', score: 0.91, peakMebibytes: 210 },
    { method: 'bitfit', score: 0.9, peakMebibytes: 240 },
  ].map((example) => exampleCell(example)),
);
const context = { title: 'minilm-l6 · sentences', subtitle: ['2 seeds'] };

const plots: Plot[] = [breakdownPlot(rows, context), scoreMemoryPlot(rows, context)].filter(
  (plot) => plot !== undefined,
);

/** Dark pixels of a PNG between two heights, given as shares of the whole. */
function inkOf(png: Buffer, from: number, to: number): number {
  const width = png.readUInt32BE(16);
  const height = png.readUInt32BE(20);
  const href = `data:image/png;base64,${png.toString('base64')}`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><image href="${href}" width="${width}" height="${height}"/></svg>`;
  const { pixels } = new Resvg(svg).render();
  let ink = 0;
  for (let y = Math.floor(from * height); y < Math.floor(to * height); y += 1) {
    for (let x = 0; x < width; x += 1) if ((pixels[4 * (y * width + x)] ?? 255) < 80) ink += 1;
  }
  return ink;
}

describe.each(plots)('$name', (plot) => {
  it('has titles, units and names as text', async () => {
    const svg = await renderSvg(plot.spec);
    for (const text of ['minilm-l6 · sentences', '2 seeds', '(MiB)', '>full<', '>lora<', '>bitfit<']) {
      expect(svg).toContain(text);
    }
  });

  it('is the same picture every time', async () => {
    expect(await renderSvg(plot.spec)).toBe(await renderSvg(plot.spec));
  });

  it('draws its title into the PNG', async () => {
    const svg = await renderSvg(plot.spec);
    // Some 30 letters of 17 points at twice the size; without a font the area is empty.
    expect(inkOf(renderPng(svg), 0, 0.12)).toBeGreaterThan(1500);
    expect(inkOf(renderPng(svg.replace(/<text[^>]*>[^<]*<\/text>/g, '')), 0, 0.12)).toBe(0);
  });
});

it('draws two learning rates of a method as two bars and two points', async () => {
  const cells = [1e-4, 1e-3].map((learningRate) => exampleCell({ method: 'full', learningRate }));
  const sweep = parseSweep(
    {
      file: 'a.yaml',
      text: 'name: a\ntitle: A\nmodels: minilm-l6\ntasks: sentences\nmethods: [full]\ngrid: {learningRate: [1e-4, 1e-3]}\n',
    },
    await loadRegistry(),
  );
  const labels = makeCells(sweep, 'tensorflow', {}).map(({ label }) => label);
  expect(new Set(labels).size).toBe(2);
  const varied = aggregate(cells.map((cell, index) => ({ ...cell, label: labels[index] ?? '' })));
  for (const plot of [breakdownPlot(varied, context), scoreMemoryPlot(varied, context)]) {
    expect(new Set(plot?.data.map(({ method }) => method))).toEqual(new Set(labels));
  }
  const colours = methodStyle(labels).colours;
  expect(new Set(colours).size).toBe(2);
});

describe('renderSvg', () => {
  it('takes a warning of Vega-Lite for an error', async () => {
    const spec = plots[0]?.spec;
    if (spec === undefined) throw new Error('no plot');
    const broken = {
      $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      data: { values: [{ a: 1 }] },
      mark: 'bar',
      encoding: { x: { field: 'a', type: 'quantitative' }, shape: { field: 'a', type: 'nominal' } },
    } as const;
    await expect(renderSvg(broken)).rejects.toThrow(/cannot be drawn faithfully: .*shape/);
  });
});

describe('methodStyle', () => {
  it('gives a method the same colour in any company', () => {
    const colourOf = (label: string, labels: string[]) => {
      const { domain, colours } = methodStyle(labels);
      return colours[domain.indexOf(label)];
    };
    expect(colourOf('tokentune', ['tokentune'])).toBe(colourOf('tokentune', ['full', 'lora', 'bitfit', 'tokentune']));
    expect(colourOf('mine', ['mine', 'full'])).toBe('#D55E00');
  });
});

describe('paretoFront', () => {
  it('keeps what no other point beats', () => {
    const points = [
      { name: 'dear and good', cost: 3, value: 9 },
      { name: 'beaten', cost: 2, value: 4 },
      { name: 'cheap', cost: 1, value: 5 },
      { name: 'as cheap, worse', cost: 1, value: 3 },
    ];
    expect(paretoFront(points).map((point) => point.name)).toEqual(['cheap', 'dear and good']);
  });
});
