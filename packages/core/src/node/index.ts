export { cacheFolder } from './cacheFolder.js';
export { loadBackend, nodeProviders } from './loadBackend.js';
export type { LoadBackendOptions } from './loadBackend.js';
export { provisionTensorflow } from './provision/provisionTensorflow.js';
export type { ProvisionOptions, ProvisionResult } from './provision/provisionTensorflow.js';
export type { ProvisionPhase, ProvisionProgress } from './provision/report.js';
export { inspectEnvironment } from './doctor/inspectEnvironment.js';
export { formatDoctor } from './doctor/formatDoctor.js';
export type { EnvironmentReport } from './doctor/report.js';
