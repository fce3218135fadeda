import type { MethodClaims } from './claims.js';
import { headCount, isHead } from './headClaims.js';
import type { ModelFixture } from './tinyBert.js';
import { subsetOfTokens, tokentuneDefaults } from './tokenClaims.js';

type Claims = Omit<MethodClaims, 'options' | 'trains' | 'trainableCount'>;

const exact: Claims = { startsUnchanged: true, gradientOfLoss: true, merges: true };
/** Numbers of 4 bits are not those that were loaded. */
const rounded: Claims = { ...exact, startsUnchanged: false };
const withHead =
  (pattern: RegExp): MethodClaims['trains'] =>
  (name, model) =>
    pattern.test(name) || isHead(name, model);

/** Of every layer what `perLayer` says, `once` of the pooler, and the head. */
const count =
  (perLayer: (h: number, i: number) => number, once: (h: number) => number = () => 0) =>
  (fixture: ModelFixture): number => {
    const { hiddenSize: h, intermediateSize: i, layers } = fixture.config;
    return layers * perLayer(h, i) + once(h) + headCount(fixture);
  };

const loraOptions = {
  rank: 8,
  alpha: 16,
  dropout: 0,
  targets: ['attention.query', 'attention.value'],
  rankStabilized: false,
};
/** QLoRA's block of 64 with double quantisation (Dettmers et al. 2023, section 4). */
const nf4Options = { blockSize: 64, doubleQuant: true };
const tokentuneOptions = { ...tokentuneDefaults, tokens: 4 };

/** A and B of rank 8 at query and value. */
const queryValue = (h: number) => 2 * 8 * 2 * h;
/** rank · (in + out) of query, key, value, output, up and down. */
const everyLinear = (rank: number) => (h: number, i: number) => rank * (4 * 2 * h + 2 * (h + i));

/** Liu et al. 2024: LoRA's matrices and a magnitude for every output. The norm counts as a constant. */
const dora: MethodClaims = {
  ...exact,
  gradientOfLoss: false,
  options: [loraOptions],
  trains: withHead(/\.(query|value)\.(lora_[AB]|lora_magnitude_vector)\.weight$/),
  trainableCount: count((h) => queryValue(h) + 2 * h),
};
/** PEFT's targets: outputs of key and value, inputs of both output projections. */
const ia3: MethodClaims = {
  ...exact,
  options: [{}],
  trains: withHead(/\.(key|value|output\.dense)\.ia3_l$/),
  trainableCount: count((h, i) => 3 * h + i),
};
const qlora: MethodClaims = {
  ...rounded,
  options: [{ ...loraOptions, ...nf4Options }],
  trains: withHead(/\.(query|value)\.lora_[AB]\.weight$/),
  trainableCount: count(queryValue),
};
/** What is left of full fine-tuning: embeddings, norms, biases. */
const nf4: MethodClaims = {
  ...rounded,
  options: [nf4Options],
  trains: () => true,
  trainableCount: (fixture) => {
    const { hiddenSize: h, vocabularySize, positionRows, typeVocabularySize } = fixture.config;
    const embeddings = (vocabularySize + positionRows + typeVocabularySize) * h + 2 * h;
    return (
      embeddings +
      count(
        (size, i) => 9 * size + i,
        (size) => size,
      )(fixture)
    );
  },
};

/** Methods that train the head, or vectors and matrices at linear layers. */
export const linearCases: Readonly<Record<string, MethodClaims>> = {
  'head-only': { ...exact, merges: false, options: [{}], trains: isHead, trainableCount: headCount },
  dora,
  'dora(rank=3,alpha=6,dropout=0.1,targets=all-linear,rankStabilized=true)': {
    ...dora,
    options: [{ rank: 3, alpha: 6, dropout: 0.1, targets: 'all-linear', rankStabilized: true }],
    trains: withHead(/\.(lora_[AB]|lora_magnitude_vector)\.weight$/),
    trainableCount: count(
      (h, i) => everyLinear(3)(h, i) + 5 * h + i,
      (h) => 3 * 2 * h + h,
    ),
  },
  'dora+tokentune(tokens=4)': { ...dora, ...subsetOfTokens, options: [loraOptions, tokentuneOptions] },
  ia3,
  'ia3(outputs=[ffn.up],inputs=[attention.output])': {
    ...ia3,
    options: [{ outputs: ['ffn.up'], inputs: ['attention.output'] }],
    trains: withHead(/\.(intermediate|attention\.output)\.dense\.ia3_l$/),
    trainableCount: count((h, i) => h + i),
  },
  'ia3+tokentune(tokens=4)': { ...ia3, ...subsetOfTokens, options: [{}, tokentuneOptions] },
  qlora,
  'qlora(rank=4,alpha=8,targets=all-linear,blockSize=128,doubleQuant=false)': {
    ...qlora,
    options: [{ ...loraOptions, rank: 4, alpha: 8, targets: 'all-linear', blockSize: 128, doubleQuant: false }],
    trains: withHead(/\.lora_[AB]\.weight$/),
    trainableCount: count(everyLinear(4), (h) => 4 * 2 * h),
  },
  'qlora+tokentune(tokens=4)': {
    ...qlora,
    ...subsetOfTokens,
    options: [{ ...loraOptions, ...nf4Options }, tokentuneOptions],
  },
  nf4,
  'nf4(blockSize=256)+dora': {
    ...dora,
    startsUnchanged: false,
    options: [{ ...nf4Options, blockSize: 256 }, loraOptions],
  },
  'fp32+dora': { ...dora, options: [{}, loraOptions] },
  'nf4+ia3': { ...ia3, startsUnchanged: false, options: [nf4Options, {}] },
};
