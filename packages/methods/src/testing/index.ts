/** For tests of methods, in this repository and outside of it: needs vitest. */
export { describeMethodContract } from './describeMethodContract.js';
export type { MethodContract } from './describeMethodContract.js';
