export { loadAdapter, loadAdapterTensors, saveAdapter } from './adapterFiles.js';
export { peftPrefix } from '../peft/names.js';
export { loadTrained, saveTrained } from './trainedFiles.js';
