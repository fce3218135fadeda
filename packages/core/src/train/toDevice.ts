import type { Batch, HostArray } from '../data/batch.js';
import { RandomStream } from '../random/stream.js';
import { withCategory } from '../tensor/runtime.js';
import { keep } from '../tensor/scope.js';
import { TokenSelection } from '../tensor/selection.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';
import type { DeviceBatch, TokenChoice, TokenSelector, TokenSlots } from './model.js';

/** Copies a micro-batch to the backend (category `batch`), runs `body` with it and frees it. */
export function withDeviceBatch<T>(batch: Batch, choice: TokenChoice | undefined, body: (batch: DeviceBatch) => T): T {
  const source = choice?.batch ?? batch;
  const owned: Tensor[] = [];
  const copy = (array: HostArray): Tensor => {
    const tensor = keep(withCategory('batch', () => tensorFrom(array.data, array.shape, array.dtype)));
    owned.push(tensor);
    return tensor;
  };
  let selection: TokenSelection | undefined;
  let decoderSelection: TokenSelection | undefined;
  try {
    const inputs = Object.fromEntries(Object.entries(source.inputs).map(([name, array]) => [name, copy(array)]));
    const labels = copy(source.labels);
    if (choice !== undefined) {
      selection = selectionOf(source.size, source.length, choice);
      if (choice.decoder !== undefined) {
        decoderSelection = selectionOf(source.size, choice.decoder.length, choice.decoder);
      }
    }
    const { size, length } = source;
    return body({ size, length, inputs, labels, selection, decoderSelection, host: source });
  } finally {
    for (const tensor of owned) tensor.release();
    selection?.release();
    decoderSelection?.release();
  }
}

function selectionOf(size: number, length: number, { tokens, positions, mask }: TokenSlots): TokenSelection {
  return new TokenSelection(size, length, tokens, positions, mask);
}

/** The tokens of micro-batch `microStep`; the stream is the same on every backend and on resume. */
export function chooseTokens(
  selector: TokenSelector | undefined,
  batch: Batch,
  seed: number,
  microStep: number,
): TokenChoice | undefined {
  return selector?.(batch, new RandomStream(seed, 'tokens', microStep));
}
