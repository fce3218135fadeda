/** Loaded by suites that run on every backend (vitest.config.ts): torch is one. */
import { registerTorchBackend } from '../index.js';

registerTorchBackend();
