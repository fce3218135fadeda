export { parseBertConfig } from './bert/config.js';
export type { BertActivation, BertConfig } from './bert/config.js';
