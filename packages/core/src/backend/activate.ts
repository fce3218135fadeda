import * as tf from '@tensorflow/tfjs-core';
import type { KernelBackend } from '@tensorflow/tfjs-core';
import { EnvironmentError } from '../errors/errors.js';
import { backendMessages } from './messages.js';

/**
 * Makes `name` the active backend of tfjs and returns its kernels; registers `create` first where nothing is
 * registered under that name. tfjs's `setBackend` answers false and stays where it was when a backend does not
 * come up, so both its answer and the active name are checked.
 */
export async function activateBackend(name: string, create?: () => KernelBackend): Promise<KernelBackend> {
  if (create !== undefined && tf.engine().findBackendFactory(name) === null) tf.registerBackend(name, create);
  const activated = await tf.setBackend(name);
  const active = tf.getBackend();
  if (!activated || active !== name) {
    throw new EnvironmentError(backendMessages.notActivated(name, active), {
      code: 'LEANTUNE_BACKEND_NOT_ACTIVATED',
      remedy: backendMessages.noneLoadsRemedy(),
    });
  }
  return tf.backend();
}

/** Those of `required` for which backend `name` has registered no kernel, in the order given. */
export function missingKernels(name: string, required: readonly string[]): string[] {
  return required.filter((kernel) => tf.getKernel(kernel, name) === undefined);
}
