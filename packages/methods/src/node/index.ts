export { loadAdapter, loadAdapterTensors, saveAdapter, type SaveAdapterOptions } from './adapterFiles.js';
export { peftPrefix } from '../peft/names.js';
export { loadTrained, saveTrained } from './trainedFiles.js';
