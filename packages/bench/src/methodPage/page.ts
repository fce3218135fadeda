/** A method's facts as a page in Markdown. */
import { formulaSizes, type LayerMemory } from '@leantune/methods';
import { formatMebibytes } from '../units.js';
import { policies, type MeasuredFacts, type MethodFacts } from './facts.js';

export function methodPage(facts: MethodFacts): string {
  const { name, summary, reference, slots, options, measured } = facts;
  return [
    '<!-- Generated from the method by `npm run docs`. -->',
    `# ${name}`,
    summary,
    `**Source.** ${reference}.`,
    `**Slots.** ${slots.map((slot) => `\`${slot}\``).join(', ')}: it composes with methods that take none of them.`,
    '## Options',
    options.length === 0 ? 'None.' : optionTable(options),
    ...(measured === undefined
      ? ['## Memory', ...(facts.memory === undefined ? [] : [layerText(facts.memory)])]
      : [
          '## What it trains',
          `On ${measured.model} with a classification head of two labels:`,
          trainedTable(measured),
          '## What it saves',
          ...(facts.memory === undefined ? [] : [layerText(facts.memory, measured)]),
          memoryText(name, measured),
        ]),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

type Row = readonly string[];

function table(head: Row, align: readonly ('left' | 'right')[], rows: readonly Row[]): string {
  const line = (cells: Row) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(align.map((side) => (side === 'left' ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function optionTable(options: MethodFacts['options']): string {
  const rows = options.map(({ name, type, range, standard, description = '' }) => [
    `\`${name}\``,
    [type, range].filter((part) => part !== undefined).join(', '),
    standard === undefined ? '–' : `\`${standard}\``,
    description,
  ]);
  return table(['option', 'values', 'default', ''], ['left', 'left', 'left', 'left'], rows);
}

function trainedTable({ trained }: MeasuredFacts): string {
  const rows = trained.map(({ name, shape, count }) => [`\`${name}\``, shape.join(' × '), String(count)]);
  return table(['parameter', 'shape', 'times'], ['left', 'right', 'right'], rows);
}

/** Formulas of what one layer keeps. */
function layerText({ layer, once }: LayerMemory, measured?: MeasuredFacts): string {
  const besides = once === undefined ? [] : [`Besides, however many layers there are: ${once}.`];
  if (layer.length === 0) return ['What it keeps does not grow with the number of layers.', ...besides].join('\n\n');
  const rows = layer.map(({ what, lean, pytorch = lean }) => [
    what,
    ...[lean, pytorch].map((formula) => (formula === '0' ? '–' : formula)),
  ]);
  const bytes = measured?.layerBytes;
  const total =
    bytes === undefined
      ? []
      : [['in the step below', ...policies.map((policy) => `${formatMebibytes(bytes[policy])} MiB`)]];
  const sizes = Object.entries(formulaSizes).map(([name, what]) => `${name} ${what}`);
  return [
    'Every layer after the first adds to what is kept for the backward pass, in numbers (4 bytes each in float32):',
    table(['', ...policies.map((policy) => `\`${policy}\``)], ['left', 'left', 'left'], [...rows, ...total]),
    `${sizes.join(', ')}; other names are options. Counted with dropout, other options at their defaults.`,
    ...besides,
  ].join('\n\n');
}

function memoryText(name: string, { model, batch, sequence, precision, bytes }: MeasuredFacts): string {
  const rows = bytes.map(({ method, saving, trainable, ...figures }) => [
    method,
    `\`${saving}\``,
    String(trainable),
    ...[figures.peakBytes, figures.staticBytes, figures.activationBytes, figures.savedBytes].map(formatMebibytes),
  ]);
  const head = ['method', 'saving', 'trained scalars', 'peak MiB', 'static MiB', 'activation MiB', 'max saved MiB'];
  const methods = name === 'full' ? '' : ` --methods full,${name}`;
  const held = precision === 'fp32' ? '' : ` --precision ${precision}`;
  return [
    `One training step of ${model}, ${batch} × ${sequence} tokens, ${precision}, AdamW, measured on the meta backend with`,
    `\`npx leantune memory --model ${model}${methods} --batch ${batch} --seq ${sequence}${held}\`, and \`--saving pytorch\`:`,
    '',
    table(head, ['left', 'left', 'right', 'right', 'right', 'right', 'right'], rows),
  ].join('\n');
}
