import type { MethodClaims } from './claims.js';
import { headCount, isHead } from './headClaims.js';
import type { ModelFixture } from './tinyBert.js';

/** Two adapters a layer (Liao et al. 2023, published code): each 2 · hidden · width + width + hidden. */
const adapterCount = (width: number, h: number) => 2 * h * width + width + h;
const meftCount =
  (width: number, { layers, extra = () => 0 }: { layers?: number; extra?: (fixture: ModelFixture) => number } = {}) =>
  (fixture: ModelFixture) => {
    const { hiddenSize: h, layers: depth } = fixture.config;
    return (layers ?? depth) * 2 * adapterCount(width, h) + extra(fixture) + headCount(fixture);
  };
/** Updates of query and value, and one adapter. */
const loraSideCount = (width: number) => (fixture: ModelFixture) => {
  const { hiddenSize: h, layers } = fixture.config;
  return layers * (2 * 2 * h * width + adapterCount(width, h)) + headCount(fixture);
};

const defaults = { width: 8, gradient: 'reversible', adapter: 'bottleneck', combineScale: 0.1, reference: false };

/** The streams change what the model computes: λ and β keep it close to the pretrained network only. */
const meft: Omit<MethodClaims, 'trains'> = {
  startsUnchanged: false,
  gradientOfLoss: true,
  merges: false,
  options: [defaults],
  trainableCount: meftCount(8),
};
const trains =
  (names: RegExp): MethodClaims['trains'] =>
  (name, model) =>
    names.test(name) || isHead(name, model);
const dense = 'dense[12]\\.(weight|bias)$';
const layer = '\\.encoder\\.layer\\.\\d+\\.';
const besideAndOwn = trains(new RegExp(`${layer}(ffn|rev)_adapter\\.${dense}`));
const afterAndBeside = trains(new RegExp(`${layer}(attention\\.output\\.attn|ffn)_adapter\\.${dense}`));
const lora = '(query|value)\\.lora_[AB]\\.weight$';

const meft1: MethodClaims = { ...meft, trains: besideAndOwn };
const meft3: MethodClaims = { ...meft, trains: afterAndBeside };
const withOptions = (claims: MethodClaims, options: Readonly<Record<string, unknown>>): MethodClaims => ({
  ...claims,
  options: [{ ...defaults, ...options }],
});

/** MEFT in every gradient, placement and combination. */
export const meftCases: Readonly<Record<string, MethodClaims>> = {
  meft1,
  meft2: meft1,
  meft3,
  'meft1(gradient=vanilla,width=4,activation=relu)': {
    ...withOptions(meft1, { gradient: 'vanilla', width: 4, activation: 'relu' }),
    // Kinks of the ReLU.
    gradientOfLoss: false,
    trainableCount: meftCount(4),
  },
  'meft1(gradient=exact)': withOptions(meft1, { gradient: 'exact' }),
  'meft2(gradient=exact,lambda=0.5,beta=0.5)': withOptions(meft1, { gradient: 'exact', lambda: 0.5, beta: 0.5 }),
  'meft3(gradient=exact)': withOptions(meft3, { gradient: 'exact' }),
  'meft2(reversibleLayers=1,combine=sum,combineScale=0.2)': withOptions(meft1, {
    reversibleLayers: 1,
    combine: 'sum',
    combineScale: 0.2,
  }),
  'meft1(reversibleLayers=1,placement=top-with-frozen-lower)': {
    ...withOptions(meft1, { reversibleLayers: 1, placement: 'top-with-frozen-lower' }),
    trains: trains(new RegExp(`\\.layer\\.1\\.(ffn|rev)_adapter\\.${dense}`)),
    trainableCount: meftCount(8, { layers: 1 }),
  },
  'meft1(adapter=lora,width=4)': {
    ...withOptions(meft1, { adapter: 'lora', width: 4 }),
    trains: trains(new RegExp(`${layer}(attention\\.self\\.${lora}|rev_adapter\\.${dense})`)),
    trainableCount: loraSideCount(4),
  },
  'meft3(adapter=lora)': {
    ...withOptions(meft3, { adapter: 'lora' }),
    trains: trains(new RegExp(`${layer}(attention\\.self\\.${lora}|ffn_adapter\\.${dense})`)),
    trainableCount: loraSideCount(8),
  },
  'meft2(combine=concat)': {
    ...withOptions(meft1, { combine: 'concat' }),
    trains: trains(new RegExp(`(_adapter\\.${dense}|^bert\\.encoder\\.concat_layer\\.weight$)`)),
    trainableCount: meftCount(8, { extra: ({ config }) => 2 * config.hiddenSize ** 2 }),
  },
  'meft1(combine=learned)': {
    ...withOptions(meft1, { combine: 'learned' }),
    trains: trains(new RegExp(`(_adapter\\.${dense}|^bert\\.encoder\\.sum_factor\\.factor$)`)),
    trainableCount: meftCount(8, { extra: () => 1 }),
  },
  'meft1(gradient=exact)+tokentune(tokens=4)': {
    ...withOptions(meft1, { gradient: 'exact' }),
    options: [
      { ...defaults, gradient: 'exact' },
      { tokens: 4, head: 'mean', among: 'all', redraw: true, scaleGradient: false, reference: false },
    ],
    gradientOfLoss: false,
    selection: 'subset',
  },
};
