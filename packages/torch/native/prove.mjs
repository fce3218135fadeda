// Loads the addon named on the command line, multiplies two 256 × 256 matrices on the CPU and compares with the same
// product in float64. Prints one line of JSON.
import { constants } from 'node:os';

const holder = { exports: {} };
process.dlopen(holder, process.argv[2], constants.dlopen.RTLD_NOW);
const addon = holder.exports;
const scratch = new Float64Array(64);
addon.attach(scratch);
addon.configure('cpu', 1, false);

const size = 256;
const wave = (step) => Float32Array.from({ length: size * size }, (_, i) => Math.sin(i * step));
const [left, right] = [wave(0.37), wave(0.91)];
const [a, b] = [left, right].map((values) => {
  scratch.set([-1, 0, 2, size, size]);
  return addon.write(values);
});
scratch.set([-1, a, 2, size, size, b, 2, size, size, 0, 0]);
addon.call(addon.kernels.indexOf('BatchMatMul'));
const product = new Float32Array(addon.read(scratch[1], 0));

let largestError = 0;
for (let row = 0; row < size; row += 3) {
  for (let column = 0; column < size; column += 5) {
    let sum = 0;
    for (let k = 0; k < size; k += 1) sum += left[row * size + k] * right[k * size + column];
    largestError = Math.max(largestError, Math.abs(sum - product[row * size + column]));
  }
}
console.log(JSON.stringify({ largestError }));
