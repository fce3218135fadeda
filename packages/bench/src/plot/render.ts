/** Vega-Lite spec → SVG text and PNG bytes, byte for byte the same everywhere. */
import { createRequire } from 'node:module';
import { Resvg } from '@resvg/resvg-js';
import * as vega from 'vega';
import { compile } from 'vega-lite';
import type { TopLevelSpec } from 'vega-lite';
import { messages } from '../messages.js';
import { fontFamily } from './colours.js';

const require = createRequire(import.meta.url);

/** Pixels of the PNG per point of the SVG. */
const pngScale = 2;

/** @throws Error where Vega-Lite has anything to complain about: a warning is a wrong picture. */
export async function renderSvg(spec: TopLevelSpec): Promise<string> {
  const complaints: string[] = [];
  const complain = (...words: readonly unknown[]) => {
    complaints.push(words.map(String).join(' '));
    return logger;
  };
  const quiet = () => logger;
  const logger = { level: () => logger, error: complain, warn: complain, info: quiet, debug: quiet };
  const { spec: compiled } = compile(spec, { logger });
  const view = new vega.View(vega.parse(compiled), { renderer: 'none', logger });
  const svg = await view.toSVG();
  view.finalize();
  if (complaints.length > 0) throw new Error(messages.plotWarnings(complaints));
  return svg;
}

/** resvg draws no text at all, and says nothing, without a font: it gets the shipped ones and no others. */
export function renderPng(svg: string): Buffer {
  const picture = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: pngScale },
    font: {
      fontFiles: [
        require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'),
        require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf'),
      ],
      loadSystemFonts: false,
      defaultFontFamily: fontFamily,
    },
  }).render();
  return picture.asPng();
}
