import type { TFJSBinding } from '@tensorflow/tfjs-node/dist/tfjs_binding.js';
import { constants } from 'node:os';

/** Loads the native addon at `path`, wherever it lies. @throws Error of the dynamic linker. */
export function openAddon(path: string): TFJSBinding {
  const holder = { exports: {} };
  process.dlopen(holder, path, constants.dlopen.RTLD_NOW);
  return holder.exports as TFJSBinding;
}
