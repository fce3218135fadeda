/** A gradient check as a table with what a reader must know below it. */
import { messages } from '../messages.js';
import type { Cell, Table } from '../report/table.js';
import type { GradientCheck, LayerGradient } from './checkGradients.js';
import type { GradcheckSettings } from './settings.js';

/** Below this cosine a layer's gradient is noise rather than a rounded gradient. */
const noiseCosine = 0.99;

export function isNoise({ cosine, normRatio }: LayerGradient): boolean {
  // NaN is above nothing.
  return !(cosine >= noiseCosine) || !(Math.abs(normRatio - 1) < 0.1);
}

export function gradcheckTable({ model, method }: GradcheckSettings, { layers }: GradientCheck): Table {
  const right = (header: string) => ({ header, align: 'right' }) as const;
  return {
    title: `${model} · ${method}`,
    columns: [
      { header: messages.layer(), align: 'left' },
      right('reconstruction error'),
      right('cosine'),
      right('norm ratio'),
      { header: '', align: 'left' },
    ],
    rows: layers.map((layer): Cell[] => [
      { text: layer.layer },
      { text: layer.reconstructionError?.toExponential(0) ?? messages.ordinaryLayer() },
      { text: layer.cosine.toFixed(7) },
      { text: layer.normRatio.toPrecision(4) },
      isNoise(layer) ? { text: messages.noise(), emphasis: 'problem' } : { text: '' },
    ]),
  };
}

/** @param data what was differentiated on; @param command as the user would repeat it */
export function gradcheckNotes(
  { batchSize, dropout, seed, precision }: GradcheckSettings,
  { layers, loss, ordinaryLoss, warnings }: GradientCheck,
  { data, source, command }: { readonly data: string; readonly source: string; readonly command: string },
): string[] {
  const noisy = layers.filter(isNoise).length;
  return [
    messages.gradcheckMeaning(noiseCosine),
    noisy === 0 ? messages.gradcheckSound() : messages.gradcheckNoise(noisy, layers.length),
    messages.gradcheckData(batchSize, data, source),
    messages.settingsNote(
      `dropout ${dropout}, seed ${seed}, precision ${precision}, losses ${loss} and ${ordinaryLoss}`,
    ),
    ...warnings,
    messages.commandNote(command),
  ];
}
