/** What a gradient check differentiates on: real sentences where the model has a tokenizer, else random input. */
import { RandomStream, type Batch, type HostArray } from '@leantune/core';
import type { TransformerModel } from '@leantune/models';
import { loadTask, type RowTokenizer } from '@leantune/tasks';
import { worstCaseBatch } from '../memory/worstCaseBatch.js';

/** Task whose rows ship with leantune. */
export const sentencesTask = 'sentences';

/** The first training rows of the shipped sentences, padded to the longest. */
export async function sentencesBatch(tokenizer: RowTokenizer, size: number, maxLength: number): Promise<Batch> {
  const task = await loadTask(sentencesTask);
  const [train] = [task.declaration.splits.train ?? 'train'].flat();
  const batches = task.batches(train!, { tokenizer, maxLength, size, order: 'rows' }).epoch(0);
  for (const batch of batches) return batch;
  throw new RangeError('a split without rows');
}

/** Random tokens or pixels and labels; every row has full length. */
export function randomInput(
  model: TransformerModel,
  config: Readonly<Record<string, unknown>>,
  size: number,
  length: number,
  seed: number,
): Batch {
  const shape = worstCaseBatch(model, config, size, length);
  const random = new RandomStream(seed, 'gradcheck');
  const { head, vocabularySize } = model;
  const drawn = ({ dtype, shape: sizes, data }: HostArray, draw: () => number): HostArray =>
    dtype === 'float32'
      ? { dtype, shape: sizes, data: Float32Array.from(data, draw) }
      : { dtype, shape: sizes, data: Int32Array.from(data, draw) };
  const inputs: Record<string, HostArray> = { ...shape.inputs };
  const { inputIds, decoderInputIds, pixelValues } = shape.inputs;
  if (pixelValues !== undefined) inputs.pixelValues = drawn(pixelValues, () => random.normal());
  if (inputIds !== undefined) {
    // Special tokens stay where they are: an encoder-decoder reads its answer at the last end.
    const end = config.eos_token_id;
    let index = 0;
    inputs.inputIds = drawn(inputIds, () => {
      const isEnd = inputIds.data[index++] === end;
      return isEnd ? (end as number) : ordinary();
    });
    if (decoderInputIds !== undefined) inputs.decoderInputIds = inputs.inputIds;
  }
  return { ...shape, inputs, labels: drawn(shape.labels, label) };

  function ordinary(): number {
    const special = [config.pad_token_id, config.bos_token_id, config.eos_token_id];
    for (;;) {
      const token = random.integer(vocabularySize!);
      if (!special.includes(token)) return token;
    }
  }

  function label(): number {
    switch (head.kind) {
      case 'classification':
        return random.integer(head.numberOfLabels);
      case 'regression':
        return random.normal();
      case 'question-answering':
        return random.integer(length);
      case 'causal-lm':
      case 'seq2seq-lm':
        return ordinary();
      default:
        return 0;
    }
  }
}
