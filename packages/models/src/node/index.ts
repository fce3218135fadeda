export { openWeights, saveSafetensors } from './openWeights.js';
export { loadTokenizer } from './loadTokenizer.js';
