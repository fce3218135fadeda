import { expect, it } from 'vitest';
import { describeOnFirstBackend } from '../../../core/src/testing/backends.js';
import { applyMethods } from '../index.js';
import { classification, tinyBert } from '../testing/tinyBert.js';

const fixture = tinyBert(classification);

await describeOnFirstBackend('full', () => {
  it.each(['nf4+full', 'full+nf4(blockSize=128)'])('%s is refused: most weights would stay as they are', (spelling) => {
    const model = fixture.make();
    expect(() => applyMethods(model, spelling)).toThrow(
      expect.objectContaining({
        name: 'UsageError',
        // Six of each layer, and the pooler.
        message:
          'full trains every parameter, and the weights of 13 linear layers are held in 4 bits, where nothing is trained',
        remedy: expect.stringContaining("'qlora'") as string,
      }),
    );
    model.release();
  });

  it('trains every parameter of weights in numbers, held in float32 too', () => {
    const model = fixture.make();
    applyMethods(model, 'fp32+full');
    const { trainable, total } = model.parameterCounts();
    expect(trainable).toBe(total);
    model.release();
  });
});
