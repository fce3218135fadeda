export { openWeights, saveSafetensors } from './openWeights.js';
