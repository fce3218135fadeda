import type { KeptTensors } from '../memory/layerMemory.js';

/** What one adapter with a ReLU keeps that reads what a normalisation gave. */
export const oneAdapter = (width: string): KeptTensors[] => [
  { what: 'input of the adapter', lean: '0', pytorch: 'B·T·H' },
  { what: 'features inside the adapter', lean: `B·T·${width}` },
];
