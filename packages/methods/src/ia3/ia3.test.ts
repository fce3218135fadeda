import { expect, it } from 'vitest';
import { describeOnFirstBackend } from '../../../core/src/testing/backends.js';
import { applyMethods, getMethod, optionFacts, parseMethodSpec } from '../index.js';
import { tinyModels } from '../testing/tinyModels.js';

const tiny = (name: string) => tinyModels.find((fixture) => fixture.name === `tiny ${name}`)!;

it('without any site is refused, and one empty list is not', () => {
  expect(() => parseMethodSpec('ia3(outputs=[],inputs=[])')).toThrow(
    'ia3.outputs: expected at least one site in outputs or inputs: nothing would be scaled',
  );
  for (const spelling of ['ia3(outputs=[])', 'ia3(inputs=[])', 'ia3(outputs=[],inputs=[ffn.down])']) {
    expect(() => parseMethodSpec(spelling)).not.toThrow();
  }
});

it.each(['lora', 'dora', 'qlora'])('says of %s what names of projections mean on GPT-2', (name) => {
  const targets = optionFacts(getMethod(name).options).find((option) => option.name === 'targets')!;
  expect(targets.description).toContain('on GPT-2 attention.query, attention.key and attention.value each name');
});

it('says the same of both lists', () => {
  const descriptions = optionFacts(getMethod('ia3').options).map(({ description }) => description);
  expect(descriptions).toHaveLength(2);
  for (const description of descriptions) expect(description).toContain('the one matrix of all three (c_attn)');
});

await describeOnFirstBackend('(IA)³', () => {
  it.each([
    ['BERT', 'ia3(outputs=[ffn.down],inputs=[ffn.down])', 'bert.encoder.layer.0.output.dense', ', as 1 more sites are'],
    // By default the keys' outputs are scaled.
    ['BERT', 'ia3(inputs=[attention.key])', 'bert.encoder.layer.0.attention.self.key', ', as 1 more sites are'],
    ['GPT-2', 'ia3(outputs=[attention.query],inputs=[attention.key])', 'transformer.h.0.attn.c_attn', ''],
  ])('on %s %s is refused: one vector scales a layer', (name, spelling, path, more) => {
    const model = tiny(name).make();
    const before = [...model.namedParameters()].map(([parameter]) => parameter);
    expect(() => applyMethods(model, spelling)).toThrow(
      expect.objectContaining({
        name: 'UsageError',
        message: expect.stringContaining(`ia3: ${path} is named by outputs and by inputs${more}`) as string,
        remedy: expect.stringContaining('in one of the two lists') as string,
      }),
    );
    expect([...model.namedParameters()].map(([parameter]) => parameter)).toEqual(before);
    model.release();
  });
});
