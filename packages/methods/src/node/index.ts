export { loadAdapter, loadAdapterTensors, saveAdapter } from './adapterFiles.js';
