import { registerElementwiseKernels } from './elementwise.js';
import { registerFusedKernels } from './fused.js';
import { registerIndexing } from './indexing.js';
import { registerLayouts } from './layouts.js';
import { registerReductions } from './reductions.js';
import { registerTraining } from './training.js';

/** Gives tfjs every kernel of this backend. */
export function registerTorchKernels(): void {
  registerElementwiseKernels();
  registerReductions();
  registerLayouts();
  registerIndexing();
  registerTraining();
  registerFusedKernels();
}
