/** A batch of full rows without padding: the most that its shape can need. What the tokens are does not matter. */
import type { Batch, HostArray } from '@leantune/core';
import type { TransformerModel } from '@leantune/models';

/**
 * @param size rows
 * @param length tokens of every row; the number of patches for images
 * @param config content of the model's config.json: which tokens are special, the size of images
 */
export function worstCaseBatch(
  { head, kind, vocabularySize }: Pick<TransformerModel, 'head' | 'kind' | 'vocabularySize'>,
  config: Readonly<Record<string, unknown>>,
  size: number,
  length: number,
): Batch {
  const integers = (shape: readonly number[], value: number): HostArray => ({
    dtype: 'int32',
    shape,
    data: new Int32Array(shape.reduce((product, each) => product * each, 1)).fill(value),
  });
  const labels = (): HostArray => {
    switch (head.kind) {
      case 'regression':
        return { dtype: 'float32', shape: [size], data: new Float32Array(size) };
      case 'question-answering':
        return integers([size, 2], 0);
      case 'causal-lm':
      case 'seq2seq-lm':
        return integers([size, length], ordinaryToken(config));
      default:
        return integers([size], 0);
    }
  };
  if (vocabularySize === undefined) return { size, length, inputs: pixels(config, size), labels: labels() };

  const ids = integers([size, length], ordinaryToken(config));
  // Encoder-decoders read their answer at the end of the text.
  const end = config.eos_token_id;
  if (typeof end === 'number') for (let row = 1; row <= size; row++) ids.data[row * length - 1] = end;
  const inputs: Record<string, HostArray> = { inputIds: ids, attentionMask: integers([size, length], 1) };
  if (typeof config.type_vocab_size === 'number' && config.type_vocab_size > 1) {
    inputs.tokenTypeIds = integers([size, length], 0);
  }
  if (kind === 'encoder-decoder' && head.kind === 'seq2seq-lm') inputs.decoderInputIds = ids;
  return { size, length, inputs, labels: labels() };
}

/** Any token that is neither padding nor a mark. */
function ordinaryToken(config: Readonly<Record<string, unknown>>): number {
  const special = new Set(
    ['pad', 'bos', 'eos', 'cls', 'sep', 'decoder_start'].map((name) => config[`${name}_token_id`]),
  );
  let token = 0;
  while (special.has(token)) token += 1;
  return token;
}

function pixels({ num_channels = 3, image_size = 224 }: Readonly<Record<string, unknown>>, size: number) {
  const shape = [size, num_channels as number, image_size as number, image_size as number];
  const data = new Float32Array(shape.reduce((product, each) => product * each, 1));
  return { pixelValues: { dtype: 'float32', shape, data } as const };
}
