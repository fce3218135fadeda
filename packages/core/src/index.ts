export {
  ConfigurationError,
  CorruptFileError,
  EnvironmentError,
  LeantuneError,
  OutOfMemoryError,
  UsageError,
  formatConfigurationIssue,
} from './errors/errors.js';
export type { ConfigurationIssue, ErrorDetails, ExitCode } from './errors/errors.js';
export { nearestName } from './errors/nearest.js';
export { philox4x32 } from './random/philox.js';
export { RandomStream, streamKey } from './random/stream.js';
export type { StreamKey } from './random/stream.js';
export type { Batch, HostArray } from './data/batch.js';
