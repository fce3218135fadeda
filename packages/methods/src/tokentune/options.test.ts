import { RandomStream, type Batch } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { describeOnFirstBackend } from '../../../core/src/testing/backends.js';
import { applyMethods, parseMethodSpec } from '../index.js';
import { tinyModels } from '../testing/tinyModels.js';

describe('options that the published code does not have', () => {
  it.each([
    [
      'among=response',
      'tokentune.among: the published code knows no among; with reference=true the nearest value is all',
    ],
    [
      'redraw=false',
      'tokentune.redraw: the published code knows no redraw; with reference=true the nearest value is true',
    ],
    [
      'scaleGradient=true',
      'tokentune.scaleGradient: the published code knows no scaleGradient; with reference=true the nearest value is false',
    ],
  ])('%s is refused with reference=true', (option, message) => {
    const parse = () => parseMethodSpec(`tokentune(reference=true,${option})`);
    expect(parse).toThrow(expect.objectContaining({ name: 'ConfigurationError' }));
    expect(parse).toThrow(message);
    expect(() => parseMethodSpec(`tokentune(${option})`)).not.toThrow();
  });

  it('with their only values they are accepted', () => {
    const spelling = 'tokentune(reference=true,among=all,redraw=true,scaleGradient=false)';
    expect(() => parseMethodSpec(spelling)).not.toThrow();
  });
});

const real = (batch: Batch) => batch.inputs.attentionMask!.data.filter((value) => value === 1).length;
const labelled = ({ labels }: Batch) => labels.data.filter((label) => label >= 0).length;

await describeOnFirstBackend('options of tokentune', () => {
  it.each([
    ['tiny BERT', (batch: Batch) => real(batch)],
    ['tiny Llama', (batch: Batch) => real(batch)],
    ['tiny BART', (batch: Batch) => 2 * real(batch)],
    ['tiny BART, sequence to sequence', (batch: Batch) => real(batch) + labelled(batch)],
  ])('scaleGradient is real tokens by selected ones on %s, of both sides where there are two', (name, realTokens) => {
    const tiny = tinyModels.find((each) => each.name === name)!;
    const model = tiny.make();
    applyMethods(model, 'tokentune(tokens=2,scaleGradient=true)');
    const batch = tiny.batch(0);
    const choice = model.tokenSelector!(batch, new RandomStream(3, 'tokens', 0));
    const masks = [choice.mask, ...(choice.decoder === undefined ? [] : [choice.decoder.mask])];
    const selected = masks.flatMap((mask) => [...mask]).filter((value) => value === 1).length;
    expect(choice.gradientScale).toBe(realTokens(batch) / selected);
    model.release();
  });

  it.each([
    ['tiny BART, sequence to sequence', 'the targets of the decoder are the response'],
    ['tiny BERT', 'only language models have labels by token'],
  ])('among=response is refused on %s, which stays as it was', (name, reason) => {
    const model = tinyModels.find((each) => each.name === name)!.make();
    expect(() => applyMethods(model, 'tokentune(among=response)')).toThrow(
      expect.objectContaining({
        name: 'UsageError',
        code: 'LEANTUNE_OPTION_UNFIT',
        message: expect.stringContaining(`tokentune: among=response does not fit: ${reason}`) as string,
      }),
    );
    expect(model.tokenSelector).toBeUndefined();
    model.release();
  });
});
