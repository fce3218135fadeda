/** Run before every test file: suites that run on every backend run on torch too. */
import { registerTorchBackend } from '../index.js';

registerTorchBackend();
