import { memoryMeter } from '../tensor/runtime.js';

/** Path of the module that is running, as the meter knows it. */
export function currentLayer(): string {
  return memoryMeter().layer;
}
