import util from 'node:util';

/**
 * `@tensorflow/tfjs-node` 4.22 calls `util.isNullOrUndefined` and `util.isArray`. Node 23 removed the first, Node 22
 * warns about both. They are put back, without the warning, before the package runs.
 */
export function restoreLegacyUtil(): void {
  Object.assign(util, {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: (value: unknown) => Array.isArray(value),
  });
}
