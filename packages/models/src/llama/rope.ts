import { z } from 'zod';
import { positive } from '../config/parseConfig.js';

const linear = z.looseObject({ rope_type: z.literal('linear'), factor: positive });
const llama3 = z
  .looseObject({
    rope_type: z.literal('llama3'),
    factor: positive,
    low_freq_factor: positive,
    high_freq_factor: positive,
    original_max_position_embeddings: positive,
  })
  .refine(({ low_freq_factor: low, high_freq_factor: high }) => low < high, {
    path: ['high_freq_factor'],
    error: 'more than low_freq_factor',
  });

/** `rope_scaling` of a configuration. */
export const ropeScaling = z
  .discriminatedUnion('rope_type', [z.looseObject({ rope_type: z.literal('default') }), linear, llama3], {
    error: ({ code }) => (code === 'invalid_union' ? 'one of default, linear, llama3' : undefined),
  })
  .nullish();

export type RopeScaling = z.infer<typeof ropeScaling>;

const { fround } = Math;

/**
 * Inverse frequencies θ^(-2i/d) of the rotary angles (Su et al. 2021, equation 15), scaled as Hugging Face does, in
 * float32 arithmetic like there.
 * @returns d / 2 of them
 */
export function inverseFrequencies(headSize: number, theta: number, scaling: RopeScaling): Float32Array {
  const plain = Float32Array.from({ length: headSize / 2 }, (_, index) =>
    fround(1 / fround(theta ** fround((2 * index) / headSize))),
  );
  if (scaling?.rope_type === 'linear') return plain.map((frequency) => frequency / scaling.factor);
  if (scaling?.rope_type === 'llama3') return plain.map((frequency) => llama3Frequency(frequency, scaling));
  return plain;
}

/** Llama 3.1: long waves are stretched by `factor`, short ones stay, those between are blended. */
function llama3Frequency(frequency: number, scaling: z.infer<typeof llama3>): number {
  const { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: length } = scaling;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength < length / high) return frequency;
  if (wavelength > length / low) return frequency / factor;
  const smooth = (length / wavelength - low) / (high - low);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}
