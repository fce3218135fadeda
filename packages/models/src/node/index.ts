export { openWeights, saveSafetensors } from './openWeights.js';
export { loadTokenizer } from './loadTokenizer.js';
export { writeFileAtomically } from './atomicFile.js';
export { readJson } from './readJson.js';
