import type { TensorInfo } from '@tensorflow/tfjs-core';
import { activeBackend } from '../tensor/runtime.js';
import { scope } from '../tensor/scope.js';
import type { Parameter } from '../tensor/parameter.js';
import type { Tensor } from '../tensor/tensor.js';
import { consume } from './dispatch.js';
import { add, divide, multiply, square, squareRoot, subtract } from './elementwise.js';

/** Settings of one AdamW step on one parameter. */
export interface AdamWSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Number of this step, from 1: the exponent of the bias corrections. */
  readonly step: number;
  /** Decoupled decay: the parameter is multiplied by 1 - learningRate · weightDecay first. */
  readonly weightDecay: number;
  /** Factor on the gradient; absent without clipping. */
  readonly gradientScale?: number | undefined;
}

/** The parameter and its two moments, changed in place. */
export interface AdamWTargets<T> {
  readonly parameter: T;
  readonly firstMoment: T;
  readonly secondMoment: T;
}

/** A backend's own in-place update of the buffers behind `targets`. */
export type AdamWKernel = (targets: AdamWTargets<TensorInfo>, gradient: TensorInfo, settings: AdamWSettings) => void;

const kernels = new Map<string, AdamWKernel>();

/** Registers a backend's own update; without one the update is composed of elementwise kernels. */
export function registerAdamWKernel(backendName: string, kernel: AdamWKernel): void {
  kernels.set(backendName, kernel);
}

/**
 * One step of torch.optim.AdamW (Loshchilov & Hutter 2019) in PyTorch's order of operations:
 * p ← p (1 - lr·wd);  m ← β₁ m + (1-β₁) g;  v ← β₂ v + (1-β₂) g²;  p ← p - lr/(1-β₁ᵗ) · m / (√v/√(1-β₂ᵗ) + ε)
 */
export function adamWUpdate(
  { parameter, firstMoment, secondMoment }: AdamWTargets<Parameter>,
  gradient: Tensor,
  settings: AdamWSettings,
): void {
  const kernel = kernels.get(activeBackend().name);
  if (kernel !== undefined) {
    const handle = (tensor: Tensor, name: string) => tensor.handleFor('adamWUpdate', name);
    const targets = {
      parameter: handle(parameter, 'parameter'),
      firstMoment: handle(firstMoment, 'firstMoment'),
      secondMoment: handle(secondMoment, 'secondMoment'),
    };
    kernel(targets, handle(gradient, 'gradient'), settings);
    return;
  }
  const { learningRate, beta1, beta2, epsilon, step, weightDecay, gradientScale } = settings;
  scope(() => {
    const g = gradientScale === undefined ? gradient : multiply(gradient, gradientScale);
    firstMoment.assign(add(consume(multiply(firstMoment, beta1)), consume(multiply(g, 1 - beta1))));
    const squared = consume(multiply(consume(square(g)), 1 - beta2));
    secondMoment.assign(add(consume(multiply(secondMoment, beta2)), squared));
    const root = consume(divide(consume(squareRoot(secondMoment)), Math.sqrt(1 - beta2 ** step)));
    const denominator = consume(add(root, epsilon));
    const change = multiply(consume(divide(firstMoment, denominator)), learningRate / (1 - beta1 ** step));
    const decayed = weightDecay === 0 ? parameter : multiply(parameter, 1 - learningRate * weightDecay);
    parameter.assign(subtract(decayed, change));
  });
}
