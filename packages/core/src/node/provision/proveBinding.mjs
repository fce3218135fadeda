// Loads the binding named on the command line in a process of its own, multiplies two 512 × 512 matrices and compares
// with the same product in float64. A library that crashes takes this process only. Prints one line of JSON.
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import util from 'node:util';

const [addonPath, packageName] = process.argv.slice(2);
const require = createRequire(import.meta.url);
Object.assign(util, { isNullOrUndefined: (value) => value === null || value === undefined, isArray: Array.isArray });

const holder = { exports: {} };
process.dlopen(holder, addonPath, constants.dlopen.RTLD_NOW);
const binding = holder.exports;

const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-node/dist/register_all_kernels.js');
const { NodeJSKernelBackend } = require('@tensorflow/tfjs-node/dist/nodejs_kernel_backend.js');
tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, packageName));
if (!(await tf.setBackend('tensorflow'))) throw new Error('tfjs did not activate the backend');

const size = 512;
const wave = (step) => Float32Array.from({ length: size * size }, (_, i) => Math.sin(i * step));
const [left, right] = [wave(0.37), wave(0.91)];
const product = tf.matMul(tf.tensor2d(left, [size, size]), tf.tensor2d(right, [size, size])).dataSync();

let largestError = 0;
for (let row = 0; row < size; row += 7) {
  for (let column = 0; column < size; column += 5) {
    let sum = 0;
    for (let k = 0; k < size; k += 1) sum += left[row * size + k] * right[k * size + column];
    largestError = Math.max(largestError, Math.abs(sum - product[row * size + column]));
  }
}
console.log(JSON.stringify({ tensorflowVersion: binding.TF_Version, gpu: binding.isUsingGpuDevice(), largestError }));
