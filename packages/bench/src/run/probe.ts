/** Entry point of the process that finds out which backend loads: native libraries stay out of the runner. */
import { LeantuneError, backendSpelling } from '@leantune/core';
import { loadBackend } from '@leantune/core/node';
import type { ProbeAnswer } from './resolveBackend.js';
import '../registry/backends.js';

async function probe(requested: string | undefined): Promise<ProbeAnswer> {
  try {
    const backend = await loadBackend(requested, { requestedBy: '--backend' });
    const { reason, device, details, extendedStorage } = backend;
    const storageDtypes = extendedStorage?.dtypes ?? [];
    // The device too, where one was named: the processes of cells load it by this name.
    const name = backendSpelling(backend, requested ?? process.env.LEANTUNE_BACKEND);
    return { status: 'loaded', name, reason, device: device.description, details, storageDtypes };
  } catch (error) {
    if (!(error instanceof LeantuneError)) throw error;
    const { exitCode, code, message, remedy } = error;
    return { status: 'error', exitCode, code, message, ...(remedy === undefined ? {} : { remedy }) };
  }
}

process.send?.(await probe(process.argv[2]), () => process.exit(0));
