import { expect, it } from 'vitest';
import { dropout } from '../ops/dropout.js';
import { embedding } from '../ops/embedding.js';
import { gelu } from '../ops/activation.js';
import { linear } from '../ops/linear.js';
import { meanSquaredError } from '../ops/loss.js';
import { reshape } from '../ops/reshape.js';
import { selectedRows } from '../ops/tokens.js';
import { RandomStream, streamKey } from '../random/stream.js';
import { Parameter } from '../tensor/parameter.js';
import { memoryMeter, withCategory } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import { TokenSelection, withSelection } from '../tensor/selection.js';
import { tensorFrom, type Tensor } from '../tensor/tensor.js';
import { describeOnBackends } from '../testing/backends.js';
import { gradientOf, live } from '../testing/probes.js';
import { backward } from './backward.js';
import { checkpoint } from './checkpoint.js';
import { graphScope } from './node.js';
import { withSavingPolicy, type SavingPolicy } from './policy.js';

const [batch, length, hidden, inner] = [2, 5, 8, 32];
const blocks = 3;
const hiddenBytes = 4 * batch * length * hidden; // 320

const random = (name: string, shape: readonly number[], deviation: number): Parameter => {
  const stream = new RandomStream(2, name);
  const size = shape.reduce((product, value) => product * value, 1);
  const values = Float32Array.from({ length: size }, () => stream.normal() * deviation);
  return Parameter.from(values, shape);
};

/** dropout(W₂ gelu(W₁ x)), three times. */
function makeModel() {
  const x = random('x', [batch * length, hidden], 1);
  const up = Array.from({ length: blocks }, (_, index) => random(`up${index}`, [inner, hidden], 0.4));
  const down = Array.from({ length: blocks }, (_, index) => random(`down${index}`, [hidden, inner], 0.4));
  return { x, up, down, all: [x, ...up, ...down] };
}

interface RunOptions {
  readonly checkpointed: boolean;
  readonly policy?: SavingPolicy;
  readonly trainsX?: boolean;
  readonly selection?: boolean;
}

function run({ checkpointed, policy = 'lean', trainsX = true, selection = false }: RunOptions) {
  const model = makeModel();
  model.x.requiresGrad = trainsX;
  const chosen = selection
    ? new TokenSelection(batch, length, 2, Int32Array.of(0, 3, 1, 2), new Int32Array(4).fill(1))
    : undefined;
  const before = live();
  memoryMeter().resetPeak();
  const loss = withSavingPolicy(policy, () =>
    graphScope(() =>
      scope(() => {
        const output = scope(() => {
          const ids = withCategory('batch', () =>
            tensorFrom([...Array(batch * length).keys()], [batch, length], 'int32'),
          );
          let value = embedding(withSelection(ids, chosen), model.x); // x as [batch, length, hidden]
          for (let index = 0; index < blocks; index++) {
            const body = (input: Tensor) =>
              dropout(linear(gelu(linear(input, model.up[index]!)), model.down[index]!), {
                rate: 0.3,
                key: streamKey(4, 'dropout', index),
              });
            const trains = [model.up[index]!, model.down[index]!];
            value = checkpointed ? checkpoint(body, value, trains) : scope(() => body(value));
          }
          const rows = selectedRows(value);
          const target = tensorFrom(new Float32Array(rows.size).fill(0.1), [rows.size]);
          return meanSquaredError(reshape(rows, [rows.size]), target);
        });
        backward(output);
        return output.item();
      }),
    ),
  );
  const { savedBytes } = memoryMeter().snapshot();
  const gradients = model.all.map(gradientOf);
  const gradientBytes = model.all.reduce((total, { gradient }) => total + (gradient?.bytes ?? 0), 0);
  expect(memoryMeter().liveByCategory).toMatchObject({ gradients: gradientBytes, workspace: 0, savedActivations: 0 });
  expect(live()).toBe(before + gradientBytes);
  for (const parameter of model.all) parameter.release();
  chosen?.release();
  return { loss, gradients, savedBytes };
}

await describeOnBackends('checkpoint', () => {
  it.each([
    { policy: 'lean', selection: false },
    { policy: 'pytorch', selection: false },
    { policy: 'lean', selection: true },
    { policy: 'pytorch', selection: true },
  ] as const)('gives the plain gradient bit for bit, dropout included: %o', (options) => {
    const [plain, checkpointed] = [run({ ...options, checkpointed: false }), run({ ...options, checkpointed: true })];
    expect(checkpointed.loss).toBe(plain.loss);
    expect(checkpointed.gradients).toEqual(plain.gradients);
    expect(plain.gradients.flat().some((value) => value !== 0)).toBe(true);
    expect(checkpointed.savedBytes).toBeLessThan(plain.savedBytes);
  });

  it('saves block inputs and the inside of one block at a time, to the byte', () => {
    // Plain: before gelu, 4 hidden tensors, of each block; the inputs of the 3 blocks (of blocks 1 and 2 before their
    // dropout); the loss's difference.
    expect(run({ checkpointed: false }).savedBytes).toBe((3 * 4 + 3 + 1) * hiddenBytes);
    // Checkpointed, largest in the backward pass of the last block: 3 inputs, 4 tensors inside it.
    expect(run({ checkpointed: true }).savedBytes).toBe((3 + 4) * hiddenBytes);
  });

  it('trains its parameters where its input needs no gradient', () => {
    const plain = run({ checkpointed: false, trainsX: false });
    expect(run({ checkpointed: true, trainsX: false }).gradients).toEqual(plain.gradients);
    expect(plain.gradients[0]).toBeUndefined();
  });

  it('records nothing where nothing inside is trained', () => {
    const x = Parameter.from([1, 2], [2]);
    x.requiresGrad = false;
    scope(() => {
      const output = checkpoint((input) => gelu(input), x, [x]);
      expect(output.node).toBeUndefined();
      expect(memoryMeter().liveSavedBytes).toBe(0);
    });
    x.release();
  });

  it('leaves nothing behind where the second run fails', () => {
    const x = Parameter.from([1, 2], [2]);
    let runs = 0;
    const body = (input: Tensor) => {
      const output = gelu(input);
      if (++runs === 2) throw new Error('inside');
      return output;
    };
    expect(() =>
      graphScope(() => scope(() => backward(meanSquaredError(checkpoint(body, x, []), tensorFrom([0, 0], [2]))))),
    ).toThrow('inside');
    expect(live()).toBe(8);
    x.release();
  });
});
