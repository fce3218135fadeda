import { activateBackend } from '../activate.js';
import type { BackendProvider, LoadedBackend } from '../backend.js';
import { backendMessages } from '../messages.js';
import type { StorageDType } from '../../tensor/dtype.js';
import { MetaBackend, type MetaBuffer } from './metaBackend.js';
import { metaBackendName, registerMetaKernels } from './register.js';

const dtypes: readonly StorageDType[] = ['float64', 'bfloat16', 'float16', 'int8', 'uint8'];

let loaded: LoadedBackend | undefined;

/**
 * Shapes, element types and storage only: the program of a training step runs as it is, nothing is computed and nothing
 * is allocated. The meter's figures are those of any other backend: with `fusesKernels` of one that fuses kernels too, which
 * needs less in between. Runs wherever JavaScript does.
 */
export function metaProvider({ fusesKernels = false } = {}): BackendProvider {
  return {
    name: metaBackendName,
    priority: 0,
    onRequestOnly: true,
    load: async () => ({ ...(await load()), fusesKernels }),
  };
}

async function load(): Promise<LoadedBackend> {
  if (loaded !== undefined) {
    await activateBackend(metaBackendName);
    return loaded;
  }
  registerMetaKernels();
  loaded = {
    name: metaBackendName,
    kernels: await activateBackend(metaBackendName, () => new MetaBackend()),
    device: { kind: 'cpu', description: backendMessages.metaDevice() },
    reason: 'built in',
    details: {},
    holdsValues: false,
    extendedStorage: { dtypes, dtypeOf: (dataId) => (dataId as MetaBuffer).storage },
  };
  return loaded;
}
