/** Prefix of every tensor in PEFT's adapter files. */
export const peftPrefix = 'base_model.model.';

/** PEFT's own parameter ends in `.weight`, its files leave that out. */
const magnitude = /\.lora_magnitude_vector\.weight$/;

/** Name of a parameter in PEFT's adapter files. */
export function storedName(parameter: string): string {
  return peftPrefix + parameter.replace(magnitude, '.lora_magnitude_vector');
}
