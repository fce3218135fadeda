/**
 * One colour and one shape per method, the same in every plot. The palette is Okabe and Ito's ("Color Universal
 * Design", 2008), which readers with colour-blindness can tell apart.
 */
const palette = ['#0072B2', '#E69F00', '#009E73', '#CC79A7', '#D55E00', '#56B4E9', '#8C6D31', '#5B5B5B'] as const;
const shapes = [
  'circle',
  'square',
  'triangle-up',
  'diamond',
  'cross',
  'triangle-down',
  'triangle-right',
  'triangle-left',
] as const;

/** Methods whose place never moves, however many others a sweep compares them with. */
const fixedPlaces = ['full', 'lora', 'bitfit', 'tokentune'];

export interface MethodStyle {
  readonly domain: readonly string[];
  readonly colours: readonly string[];
  readonly shapes: readonly string[];
}

/** Styles for `labels`: known methods keep theirs, others take the places after them in alphabetical order. */
export function methodStyle(labels: readonly string[]): MethodStyle {
  const others = [...new Set(labels)].filter((label) => !fixedPlaces.includes(label)).sort();
  const places = [...fixedPlaces, ...others];
  const domain = places.filter((label) => labels.includes(label));
  const pick = <Value>(values: readonly Value[]) =>
    domain.map((label) => values[places.indexOf(label) % values.length] as Value);
  return { domain, colours: pick(palette), shapes: pick(shapes) };
}

/** Parts of the peak, from what always stays to what comes and goes. */
export const categoryStyle = {
  domain: ['parameters', 'gradients', 'optimizer state', 'saved activations', 'batch', 'workspace'],
  colours: ['#0072B2', '#56B4E9', '#009E73', '#E69F00', '#5B5B5B', '#CC79A7'],
} as const;

/** Font of all plots; the file is shipped, so that pictures look the same on every machine. */
export const fontFamily = 'DejaVu Sans';
