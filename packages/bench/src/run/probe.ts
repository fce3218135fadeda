/** Entry point of the process that finds out which backend loads: native libraries stay out of the runner. */
import { LeantuneError } from '@leantune/core';
import { loadBackend } from '@leantune/core/node';
import type { ProbeAnswer } from './resolveBackend.js';
import '../registry/backends.js';

async function probe(requested: string | undefined): Promise<ProbeAnswer> {
  try {
    const { name, reason, device, details } = await loadBackend(requested, { requestedBy: '--backend' });
    return { status: 'loaded', name, reason, device: device.description, details };
  } catch (error) {
    if (!(error instanceof LeantuneError)) throw error;
    const { exitCode, code, message, remedy } = error;
    return { status: 'error', exitCode, code, message, ...(remedy === undefined ? {} : { remedy }) };
  }
}

process.send?.(await probe(process.argv[2]), () => process.exit(0));
