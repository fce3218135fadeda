import type { MethodClaims } from './claims.js';
import { headCount, isHead } from './headClaims.js';
import { insertedCases } from './insertedCases.js';
import { linearCases } from './linearCases.js';
import { meftCases } from './meftCases.js';
import type { ModelFixture } from './tinyBert.js';
import { allTokens, subsetOfTokens, tokentuneDefaults } from './tokenClaims.js';

const isBias = (name: string) => name.endsWith('.bias');

/** Devlin et al. 2019: three embeddings, four square projections and two of the feed-forward block a layer. */
function fullCount(fixture: ModelFixture): number {
  const {
    vocabularySize,
    positionRows,
    typeVocabularySize,
    hiddenSize: h,
    intermediateSize: i,
    layers,
  } = fixture.config;
  const embeddings = (vocabularySize + positionRows + typeVocabularySize) * h + 2 * h;
  const layer = 4 * (h * h + h) + 2 * h + (h * i + i) + (i * h + h) + 2 * h;
  return embeddings + layers * layer + (h * h + h) + headCount(fixture);
}

/** Biases: embedding norm; q, k, v, o, norm, up, down, norm of each layer; pooler; with the whole head. */
function bitfitCount(fixture: ModelFixture): number {
  const { hiddenSize: h, intermediateSize: i, layers } = fixture.config;
  return h + layers * (7 * h + i) + h + headCount(fixture);
}

/** rank · (in + out) for every updated site, and the head. */
const loraCount =
  (rank: number, sites: (h: number, i: number) => readonly (readonly [fanIn: number, fanOut: number])[], others = 0) =>
  (fixture: ModelFixture) => {
    const { hiddenSize: h, intermediateSize: i, layers } = fixture.config;
    const perLayer = sites(h, i).reduce((sum, [fanIn, fanOut]) => sum + rank * (fanIn + fanOut), 0);
    return layers * perLayer + others * rank * 2 * h + headCount(fixture);
  };

const queryAndValue = (h: number) => [[h, h] as const, [h, h] as const];
/** Query, key, value, output; up; down. */
const everyLinear = (h: number, i: number) =>
  [
    [h, h],
    [h, h],
    [h, h],
    [h, h],
    [h, i],
    [i, h],
  ] as const;

const plain: Omit<MethodClaims, 'options' | 'trains' | 'trainableCount'> = {
  startsUnchanged: true,
  gradientOfLoss: true,
  merges: false,
};
const full: MethodClaims = { ...plain, options: [{}], trains: () => true, trainableCount: fullCount };
const bitfit: MethodClaims = {
  ...plain,
  options: [{}],
  trains: (name, model) => isBias(name) || isHead(name, model),
  trainableCount: bitfitCount,
};
/** PEFT's LoraConfig has r 8; alpha 16 is the LoRA paper's and TokenTune's setting (scaling 2). */
const loraDefaults = {
  rank: 8,
  alpha: 16,
  dropout: 0,
  targets: ['attention.query', 'attention.value'],
  rankStabilized: false,
};
const lora: MethodClaims = {
  ...plain,
  options: [loraDefaults],
  trains: (name, model) => /\.(query|value)\.lora_[AB]\.weight$/.test(name) || isHead(name, model),
  trainableCount: loraCount(8, queryAndValue),
  merges: true,
};
const ownCases: Readonly<Record<string, MethodClaims>> = {
  full,
  bitfit,
  lora,
  ...linearCases,
  ...insertedCases,
  ...meftCases,
  'lora(rank=3,alpha=6,targets=all-linear)': {
    ...lora,
    options: [{ ...loraDefaults, rank: 3, alpha: 6, targets: 'all-linear' }],
    trains: (name, model) => /\.lora_[AB]\.weight$/.test(name) || isHead(name, model),
    trainableCount: loraCount(3, everyLinear, 1),
  },
  'lora(rank=4,dropout=0.1,targets=[attention.output,ffn.down],rankStabilized=true)': {
    ...lora,
    options: [
      { ...loraDefaults, rank: 4, dropout: 0.1, targets: ['attention.output', 'ffn.down'], rankStabilized: true },
    ],
    trains: (name, model) => /\.output\.dense\.lora_[AB]\.weight$/.test(name) || isHead(name, model),
    trainableCount: loraCount(4, (h, i) => [
      [h, h],
      [i, h],
    ]),
  },
  fp32: { ...full, options: [{}] },
  tokentune: { ...full, ...allTokens, options: [tokentuneDefaults] },
  'tokentune(tokens=4)': { ...full, ...subsetOfTokens, options: [{ ...tokentuneDefaults, tokens: 4 }] },
  'tokentune(ratio=1)': { ...full, ...allTokens, options: [{ ...tokentuneDefaults, ratio: 1 }] },
  'tokentune(ratio=0.5,head=cls)': {
    ...full,
    ...subsetOfTokens,
    options: [{ ...tokentuneDefaults, ratio: 0.5, head: 'cls' }],
    startsUnchanged: true,
  },
  'tokentune(tokens=4,reference=true)': {
    ...full,
    ...subsetOfTokens,
    options: [{ ...tokentuneDefaults, tokens: 4, reference: true }],
  },
  'lora+tokentune(tokens=4)': {
    ...lora,
    ...subsetOfTokens,
    options: [loraDefaults, { ...tokentuneDefaults, tokens: 4 }],
  },
  'tokentune+lora': { ...lora, ...allTokens, options: [tokentuneDefaults, loraDefaults] },
  'bitfit+tokentune': { ...bitfit, ...allTokens, options: [{}, tokentuneDefaults] },
  'bitfit+tokentune(tokens=4)': {
    ...bitfit,
    ...subsetOfTokens,
    options: [{}, { ...tokentuneDefaults, tokens: 4 }],
  },
};

/** Run in segments a method is what it is without. */
const checkpointed: Readonly<Record<string, number>> = {
  full: 2,
  lora: 1,
  'lora+tokentune(tokens=4)': 1,
  'tokentune(tokens=4)': 1,
  'pfeiffer(reduction=4,activation=tanh)': 1,
  'prefix(length=3)': 1,
  'prompt(length=4)': 2,
};

/** Every case of the battery: spelling and what is claimed of it. */
export const contractCases: Readonly<Record<string, MethodClaims>> = {
  ...ownCases,
  checkpoint: { ...full, options: [{ every: 1 }] },
  ...Object.fromEntries(
    Object.entries(checkpointed).map(([spelling, every]) => {
      const claims = ownCases[spelling]!;
      return [`${spelling}+checkpoint(every=${every})`, { ...claims, options: [...claims.options, { every }] }];
    }),
  ),
};
