import { gelu, geluTanh, relu, silu, tanh, type Tensor } from '@leantune/core';
import { z } from 'zod';

/** Names of activations as configurations of Hugging Face spell them. */
export const activationName = z.enum(['gelu', 'gelu_new', 'gelu_pytorch_tanh', 'relu', 'silu', 'swish', 'tanh']);

export type ActivationName = z.infer<typeof activationName>;

export const activations: Readonly<Record<ActivationName, (x: Tensor) => Tensor>> = {
  gelu,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  relu,
  silu,
  swish: silu,
  tanh,
};
