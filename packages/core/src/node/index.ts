export { cacheFolder } from './cacheFolder.js';
