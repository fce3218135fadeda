export { cacheFolder } from './cacheFolder.js';
export { loadBackend } from './loadBackend.js';
export type { LoadBackendOptions } from './loadBackend.js';
