import type { MethodClaims } from './claims.js';
import { headCount, isHead } from './headClaims.js';
import type { ModelFixture } from './tinyBert.js';
import { subsetOfTokens, tokentuneDefaults } from './tokenClaims.js';

const inserted: Pick<MethodClaims, 'startsUnchanged' | 'gradientOfLoss' | 'merges'> = {
  startsUnchanged: false,
  gradientOfLoss: true,
  merges: false,
};

/** Two matrices, two biases: 2 · hidden · width + width + hidden for each of `perLayer` adapters (PAPERS B.2). */
const adapterCount =
  (perLayer: number, reduction: number): MethodClaims['trainableCount'] =>
  (fixture) => {
    const { hiddenSize: h, layers } = fixture.config;
    const width = Math.floor(h / reduction);
    return layers * perLayer * (2 * h * width + width + h) + headCount(fixture);
  };

const trainsAdapters =
  (places: RegExp): MethodClaims['trains'] =>
  (name, model) =>
    places.test(name) || isHead(name, model);

const bothBlocks = trainsAdapters(/\.\d+\.(attention\.)?output\.adapters\.t\.adapter_(down\.0|up)\.(weight|bias)$/);
const feedForward = trainsAdapters(/\.\d+\.output\.adapters\.t\.adapter_(down\.0|up)\.(weight|bias)$/);

/** DoubleSeqBnConfig, SeqBnConfig and ParBnConfig of the `adapters` library. */
const houlsby: MethodClaims = {
  ...inserted,
  options: [{ reduction: 16, activation: 'swish', scale: 1 }],
  trains: bothBlocks,
  trainableCount: adapterCount(2, 16),
};
const pfeiffer: MethodClaims = {
  ...inserted,
  gradientOfLoss: false,
  options: [{ reduction: 16, activation: 'relu', scale: 1 }],
  trains: feedForward,
  trainableCount: adapterCount(1, 16),
};
const parallel: MethodClaims = {
  ...inserted,
  // W_up starts at zero.
  startsUnchanged: true,
  gradientOfLoss: false,
  options: [{ reduction: 2, activation: 'relu', scale: 4 }],
  trains: feedForward,
  trainableCount: adapterCount(1, 2),
};

const trainsPrompt = (name: string) => name.startsWith('prompt_encoder.');

/** Key and value of every layer and virtual token; or small embeddings and the network that makes these of them. */
const prefixScalars = ({ config }: ModelFixture, length: number, projection?: number): number => {
  const { hiddenSize: h, layers } = config;
  const width = 2 * layers * h;
  return projection === undefined ? length * width : length * h + (h + 1) * projection + (projection + 1) * width;
};

const prefix: MethodClaims = {
  ...inserted,
  options: [{ length: 20 }],
  trains: (name, model) => trainsPrompt(name) || isHead(name, model),
  trainableCount: (fixture) => prefixScalars(fixture, 20) + headCount(fixture),
};

const mamOptions = { length: 3, projection: 5, width: 7, scale: 4 };
const mam: MethodClaims = {
  ...inserted,
  gradientOfLoss: false,
  options: [mamOptions],
  trains: (name, model) => trainsPrompt(name) || parallel.trains(name, model),
  trainableCount: (fixture) => {
    const { hiddenSize: h, layers } = fixture.config;
    return prefixScalars(fixture, 3, 5) + layers * (2 * h * 7 + 7 + h) + headCount(fixture);
  },
};

/** Projections down and up, gates, and layers of narrower features. */
const lstScalars = ({ config }: ModelFixture, reduction: number): number => {
  const { hiddenSize: h, intermediateSize, layers } = config;
  const [w, i] = [h / reduction, intermediateSize / reduction];
  const layer = 4 * (w * w + w) + 2 * w + (w * i + i) + (i * w + w) + 2 * w;
  return (layers + 1) * (h * w + w) + layers * (1 + layer) + w * h + h;
};

const lst = (reduction: number): MethodClaims => ({
  ...inserted,
  // Gates bend ten times as fast as other parameters: lst.test.ts has differences for them.
  gradientOfLoss: false,
  options: [{ reduction, start: 'pruned' }],
  trains: (name, model) => name.startsWith('side.') || isHead(name, model),
  trainableCount: (fixture) => lstScalars(fixture, reduction) + headCount(fixture),
});

/** Methods that insert modules besides low-rank updates. */
export const insertedCases: Readonly<Record<string, MethodClaims>> = {
  houlsby,
  'houlsby(reduction=5,activation=gelu,scale=0.5)': {
    ...houlsby,
    options: [{ reduction: 5, activation: 'gelu', scale: 0.5 }],
    trainableCount: adapterCount(2, 5),
  },
  pfeiffer,
  'pfeiffer(reduction=4,activation=tanh)': {
    ...pfeiffer,
    gradientOfLoss: true,
    options: [{ reduction: 4, activation: 'tanh', scale: 1 }],
    trainableCount: adapterCount(1, 4),
  },
  'parallel-adapter': parallel,
  'parallel-adapter(reduction=8,activation=gelu_new,scale=1)': {
    ...parallel,
    gradientOfLoss: true,
    options: [{ reduction: 8, activation: 'gelu_new', scale: 1 }],
    trainableCount: adapterCount(1, 8),
  },
  'mam(length=3,projection=5,width=7)': mam,
  'lst(reduction=2)': lst(2),
  'lst(reduction=4)+tokentune(tokens=4)': {
    ...lst(4),
    ...subsetOfTokens,
    options: [
      { reduction: 4, start: 'pruned' },
      { ...tokentuneDefaults, tokens: 4 },
    ],
  },
  'prefix(length=3)': {
    ...prefix,
    options: [{ length: 3 }],
    trainableCount: (fixture) => prefixScalars(fixture, 3) + headCount(fixture),
  },
  'prefix(length=4,projection=6)': {
    ...prefix,
    options: [{ length: 4, projection: 6 }],
    trainableCount: (fixture) => prefixScalars(fixture, 4, 6) + headCount(fixture),
  },
  'prefix(length=3)+tokentune(tokens=4)': {
    ...prefix,
    ...subsetOfTokens,
    options: [{ length: 3 }, { ...tokentuneDefaults, tokens: 4 }],
    trainableCount: (fixture) => prefixScalars(fixture, 3) + headCount(fixture),
  },
  'prompt(length=4)': {
    ...prefix,
    options: [{ length: 4 }],
    trainableCount: (fixture) => 4 * fixture.config.hiddenSize + headCount(fixture),
  },
  'prompt(length=4)+tokentune(tokens=4)': {
    ...prefix,
    ...subsetOfTokens,
    options: [{ length: 4 }, { ...tokentuneDefaults, tokens: 4 }],
    trainableCount: (fixture) => 4 * fixture.config.hiddenSize + headCount(fixture),
  },
};
