import type { HeadOptions } from '../transformer/head.js';
import { randomImageBatch, randomTextBatch, type RandomBatchOptions } from '../testing/randomBatch.js';
import { describeAgainstTransformers, type ReferenceCase } from '../testing/transformersReference.js';

const classification = (numberOfLabels: number): HeadOptions => ({ kind: 'classification', numberOfLabels });
const regression: HeadOptions = { kind: 'regression', numberOfLabels: 1 };
const choice: HeadOptions = { kind: 'multiple-choice' };
const spans: HeadOptions = { kind: 'question-answering' };

type TextOptions = Omit<RandomBatchOptions, 'head' | 'seed' | 'vocabularySize'>;

function textCase(
  config: ReferenceCase['config'] & { readonly vocab_size: number },
  head: HeadOptions,
  options: TextOptions,
): ReferenceCase {
  const { vocab_size: vocabularySize, model_type: modelType } = config;
  const { size, length, padding = 'right' } = options;
  const batch = randomTextBatch({ ...options, seed: 7 * size + length, head, vocabularySize });
  const name = `${modelType}, ${head.kind}, ${size} × ${length}, padding ${padding}`;
  return { name, config, head, batch };
}

const bert = {
  model_type: 'bert',
  vocab_size: 47,
  hidden_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 3,
  intermediate_size: 37,
  max_position_embeddings: 19,
  type_vocab_size: 3,
};
const bertCases = [
  textCase(bert, classification(4), { size: 5, length: 13, types: 3, padding: 'scattered' }),
  textCase({ ...bert, hidden_act: 'gelu_new', pad_token_id: null }, regression, { size: 3, length: 19, types: 2 }),
  textCase({ ...bert, hidden_act: 'relu', layer_norm_eps: 1e-3 }, choice, { size: 6, length: 7, types: 2, choices: 3 }),
  textCase({ ...bert, hidden_act: 'silu', num_attention_heads: 1 }, spans, { size: 4, length: 11, types: 3 }),
  textCase({ ...bert, num_hidden_layers: 1, pad_token_id: 5 }, choice, { size: 2, length: 1, padding: 'none' }),
  textCase({ ...bert, pad_token_id: 5 }, spans, { size: 3, length: 12, padTokenId: 5, padding: 'left' }),
];

const roberta = { ...bert, model_type: 'roberta', max_position_embeddings: 23, type_vocab_size: 1 };
const robertaCases = [
  // Positions come from the ids: hidden tokens count, and the padding's id counts for nothing wherever it stands.
  textCase(roberta, classification(3), { size: 4, length: 21, padTokenId: 1, padding: 'scattered' }),
  textCase({ ...roberta, layer_norm_eps: 1e-5 }, regression, { size: 3, length: 9, padTokenId: 1, padding: 'left' }),
  textCase({ ...roberta, pad_token_id: 4, type_vocab_size: 2 }, choice, {
    size: 6,
    length: 8,
    padTokenId: 4,
    types: 2,
    choices: 3,
  }),
  textCase({ ...roberta, hidden_act: 'gelu_pytorch_tanh' }, spans, { size: 3, length: 10, padTokenId: 1 }),
  textCase({ ...roberta, num_attention_heads: 6, pad_token_id: 0 }, classification(2), { size: 1, length: 5 }),
];

const distilbert = {
  model_type: 'distilbert',
  vocab_size: 53,
  dim: 30,
  n_layers: 2,
  n_heads: 5,
  hidden_dim: 41,
  max_position_embeddings: 17,
};
const distilbertCases = [
  textCase(distilbert, classification(3), { size: 5, length: 17 }),
  textCase({ ...distilbert, activation: 'relu', pad_token_id: 9 }, regression, {
    size: 3,
    length: 6,
    padTokenId: 9,
    padding: 'left',
  }),
  textCase({ ...distilbert, sinusoidal_pos_embds: true, n_heads: 2 }, choice, {
    size: 4,
    length: 9,
    padding: 'scattered',
  }),
  textCase({ ...distilbert, n_layers: 3, activation: 'silu' }, spans, { size: 4, length: 12 }),
];

const vit = {
  model_type: 'vit',
  hidden_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 3,
  intermediate_size: 37,
  image_size: 12,
  patch_size: 4,
};
const imageCase = (
  name: string,
  config: ReferenceCase['config'],
  [batch, ...image]: readonly [number, number, number, number],
  head: HeadOptions,
): ReferenceCase => ({
  name: `vit, ${name}`,
  config,
  head,
  batch: randomImageBatch(batch, [batch, ...image], head),
});
const vitCases = [
  imageCase('square', vit, [3, 3, 12, 12], classification(5)),
  imageCase('no biases, 1 channel', { ...vit, qkv_bias: false, num_channels: 1 }, [2, 1, 12, 12], classification(2)),
  imageCase(
    'pixels beyond the last patch',
    { ...vit, image_size: [11, 14], patch_size: [3, 5], hidden_act: 'gelu_new', layer_norm_eps: 1e-3 },
    [2, 3, 11, 14],
    classification(3),
  ),
  imageCase('regression', { ...vit, image_size: 8, patch_size: 8 }, [4, 3, 8, 8], regression),
];

await describeAgainstTransformers('encoders as transformers computes them', [
  ...bertCases,
  ...robertaCases,
  ...distilbertCases,
  ...vitCases,
]);
