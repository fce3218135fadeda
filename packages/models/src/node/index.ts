export { openWeights, saveSafetensors, weightFileNames } from './openWeights.js';
export { loadTokenizer } from './loadTokenizer.js';
export { loadImageProcessor } from './loadImageProcessor.js';
export { writeFileAtomically } from './atomicFile.js';
export { readJson } from './readJson.js';
export { findModelConfig } from './findConfig.js';
export type { FindConfigOptions, FoundConfig } from './findConfig.js';
export type { CheckedFolder, CheckpointFiles } from './weights/checkFolder.js';
export { resolveCheckpoint } from './weights/resolveCheckpoint.js';
export type {
  CheckpointAttempt,
  CheckpointSource,
  ResolvedCheckpoint,
  ResolveOptions,
} from './weights/resolveCheckpoint.js';
export { isOffline } from './weights/attempts.js';
export { sha256File } from './sha256.js';
export type { DownloadProgress } from './weights/transfer.js';
export { loadModel } from './loadModel.js';
export type { LoadedModel, LoadModelOptions } from './loadModel.js';
export { saveModel } from './saveModel.js';
export { readShippedConfig, shippedConfigNames } from './shippedConfig.js';
export type { ShippedConfig } from './shippedConfig.js';
export { WrongBytesError, describeFailure } from './weights/failure.js';
export { downloadVerified } from './weights/transfer.js';
export type { TransferOptions } from './weights/transfer.js';
